// A comparison of runs: what differs between them, their latest scores, and their curves in one chart each.

const report = pageData();

// A run has the same color and dash in every chart: colors repeat behind the fifth run, with a dash.
function lineOf(place) {
  return {color: place % SERIES.length, dashed: place >= SERIES.length};
}

function runTable() {
  const names = [...new Set(report.runs.flatMap(({facts}) => facts.map(({name}) => name)))];
  const value = (run, name) => run.facts.find((fact) => fact.name === name)?.value ?? '–';
  section('runs', table(['', ...report.runs.map(({name}) => name)],
    [['folder', ...report.runs.map(({path}) => path)],
     ...names.map((name) => [name, ...report.runs.map((run) => value(run, name))])]));
}

function settingTable() {
  if (!report.differing.length) return section('settings', paragraph('All settings are equal.'));
  section('settings', table(['key', ...report.runs.map(({name}) => name)],
    report.differing.map(({key, values}) => [element('code', {}, key), ...values.map((value) =>
      element('code', {}, value))])));
}

// {benchmark: [one per run: {history, evaluation}]}
function scoresByBenchmark() {
  const found = report.runs.map(({curves, evaluations}) => {
    const byName = evaluationsByBenchmark(evaluations);
    return new Map(benchmarkNames(curves, byName).map((name) => [name,
      {history: scoreHistory(name, curves, byName.get(name)), evaluation: latest(byName.get(name))}]));
  });
  const names = [...new Set(found.flatMap((run) => [...run.keys()]))].sort();
  return new Map(names.map((name) => [name, found.map((run) => run.get(name) ?? {history: {}, evaluation: null})]));
}

// A run's latest score: {value, interval, step}; null if it was not scored.
function latestScore({history, evaluation}, metric) {
  const steps = [...(history[metric]?.keys() ?? [])];
  if (!steps.length) return null;
  const step = Math.max(...steps);
  const interval = evaluation?.step === step ? evaluation.intervals?.[metric] : null;
  return {value: history[metric].get(step), interval, step};
}

function scoreCell(score, shown, isBest) {
  if (!score) return '–';
  const interval = score.interval ? `${score.interval.map(shown).join(' to ')}, ` : '';
  return [element(isBest ? 'b' : 'span', {}, shown(score.value)),
          element('span', {class: 'quiet'}, `${interval}step ${number(score.step)}`)];
}

function scoreLine(benchmark, metric, runs) {
  const scores = runs.map((run) => latestScore(run, metric));
  const values = scores.filter(Boolean).map(({value}) => value);
  const best = lowerIsBetter(benchmark, metric) ? Math.min(...values) : Math.max(...values);
  const differ = values.some((value) => value !== values[0]);
  const shown = scoreFormat(benchmark, metric, scores.filter(Boolean).flatMap(({value, interval}) =>
    [value, ...(interval ?? [])]));
  return [words(metric), ...scores.map((score) =>
    scoreCell(score, shown, differ && !isAside(metric) && score?.value === best))];
}

function scoreTables(benchmarks) {
  if (!benchmarks.size) return section('scores', note('None of these runs was scored on any benchmark.'));
  const definitions = ([, runs]) => new Set(runs.map(({evaluation}) => evaluation?.definition).filter(Boolean));
  const differing = [...benchmarks].filter((entry) => definitions(entry).size > 1).map(([name]) => name);
  section('scores', paragraph('The latest score of each run, with its 95 % bootstrap interval where an evaluation ' +
    'holds one. The best value of a line is bold. Intervals that overlap do not show that two runs are equal.'),
    differing.length ? note(`The definition of ${differing.join(', ')} differs between runs (data, classes, prompts ` +
      'or precision), so these scores cannot be compared.') : null,
    [...benchmarks].map(([name, runs]) => {
      const metrics = [...new Set(runs.flatMap(({history}) => Object.keys(history)))];
      return element('div', {class: 'card score-table'}, element('h3', {}, name),
        table(['score', ...report.runs.map((run) => run.name)], metrics.map((metric) => scoreLine(name, metric, runs))));
    }));
}

function scoreCurves(benchmarks) {
  const charts = [...benchmarks].flatMap(([name, runs]) => {
    const metrics = [...new Set(runs.flatMap(({history}) => Object.keys(history)))].filter((metric) => !isAside(metric));
    return metrics.map((metric) => {
      const series = runs.map(({history}, place) => {
        const steps = [...(history[metric]?.keys() ?? [])].sort((a, b) => a - b);
        return {name: report.runs[place].name, steps, values: steps.map((step) => history[metric].get(step)), ...lineOf(place)};
      });
      if (series.every(({steps}) => steps.length < 2)) return null;
      const values = series.flatMap((one) => one.values);
      return chart({title: `${name}: ${words(metric)}`, series, zero: true,
        unit: lowerIsBetter(name, metric) ? 'lower is better' : null, format: scoreFormat(name, metric, values)});
    });
  }).filter(Boolean);
  if (charts.length) section('scores', element('h3', {}, 'Over training'), element('div', {class: 'grid'}, charts));
}

function trainingCurves() {
  const column = (key) => report.runs.map(({name, curves: {train}}, place) =>
    ({name, steps: train.step, values: train[key] ?? [], ...lineOf(place)}));
  const held = report.runs.map(({name, curves}, place) => ({name, steps: curves.validation.loss?.step ?? [],
    values: curves.validation.loss?.total ?? [], ...lineOf(place)}));
  const names = [...new Set(report.runs.flatMap(({curves}) => terms(curves.train)))];
  const draw = (what) => chart({...what, viewed: true});
  const charts = [
    draw({title: 'Loss', unit: 'total', series: column('loss')}),
    draw({title: 'Loss, held out', unit: 'total', series: held}),
    ...names.map((name) => draw({title: `Loss: ${name}`, series: column(name)})),
    ...MEASURES.map(({key, name, ...what}) => draw({...what, series: column(key)}))].filter(Boolean);
  if (!charts.length) return section('training', note('None of these runs has logged a step yet.'));
  section('training', paragraph('Losses can be compared only where batch size and objective are equal.'), viewControls(),
    element('div', {class: 'grid'}, charts));
}

document.title = `${report.runs.map(({name}) => name).join(', ')}: Dermatome comparison`;
document.getElementById('name').append(report.runs.map(({name}) => name).join(', '));
const benchmarks = scoresByBenchmark();
runTable();
settingTable();
scoreTables(benchmarks);
scoreCurves(benchmarks);
trainingCurves();
document.documentElement.dataset.state = 'drawn';
