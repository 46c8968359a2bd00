// Benchmarks: scores over steps, final scores with intervals, confusion matrices.

// The evaluations of each benchmark by step; the last one written for a step counts. Evaluations whose
// definition is not the last one's are left out, since they cannot be compared.
function evaluationsByBenchmark(evaluations) {
  const last = new Map(evaluations.map((evaluation) => [evaluation.benchmark, evaluation.definition]));
  const found = new Map();
  for (const evaluation of evaluations) {
    if (evaluation.definition !== last.get(evaluation.benchmark)) continue;
    if (!found.has(evaluation.benchmark)) found.set(evaluation.benchmark, new Map());
    found.get(evaluation.benchmark).set(evaluation.step ?? null, evaluation);
  }
  return found;
}

// The evaluation of the latest checkpoint, null without any.
function latest(evaluations) {
  const steps = [...(evaluations?.keys() ?? [])].sort((a, b) => (a ?? -1) - (b ?? -1));
  return steps.length ? evaluations.get(steps[steps.length - 1]) : null;
}

// The names of everything that a run was scored on.
function benchmarkNames({validation}, evaluations) {
  return [...Object.keys(validation).filter((name) => name !== 'loss'), ...evaluations.keys()];
}

// Scores of validation during training and of evaluations together: {metric: Map(step, score)}. A score of an
// evaluation takes the place of validation's.
function scoreHistory(name, curves, evaluations) {
  const history = {};
  const add = (metric, step, value) => {
    if (isNumber(step) && isNumber(value)) (history[metric] ??= new Map()).set(step, value);
  };
  const validation = curves.validation[name] ?? {step: []};
  for (const [metric, values] of Object.entries(validation)) {
    if (metric !== 'step') values.forEach((value, i) => add(metric, validation.step[i], value));
  }
  for (const evaluation of evaluations?.values() ?? []) {
    for (const [metric, value] of Object.entries(evaluation.scores)) add(metric, evaluation.step, value);
  }
  return history;
}

function lowerIsBetter(benchmark, metric) {
  return report.lower_is_better[benchmark]?.includes(metric) ?? false;
}

// Shares, from -1 to 1, have three digits; a score with a value beyond is a plain number. A score that is better
// low and reaches 1 is no share, since ranks begin at 1.
function scoreFormat(benchmark, metric, values) {
  const isShare = (size) => size < 1 || (size === 1 && !lowerIsBetter(benchmark, metric));
  return values.filter(isNumber).map(Math.abs).every(isShare) ? fraction : number;
}

const isAside = (metric) => metric.endsWith('_tied');

const DIRECTIONS = ['image_to_text_', 'text_to_image_', ''];

// A chart for each direction of retrieval, and in each for scores that are better high or low; none for scores of
// only one step.
function scoreCharts(name, history) {
  const charts = [];
  const left = new Set(Object.keys(history).filter((metric) => !isAside(metric) && history[metric].size > 1));
  for (const direction of DIRECTIONS) {
    for (const unit of ['', 'lower is better']) {
      const metrics = [...left].filter((metric) => metric.startsWith(direction) &&
        lowerIsBetter(name, metric) === Boolean(unit)).slice(0, SERIES.length);
      const series = metrics.map((metric, i) => {
        left.delete(metric);
        const steps = [...history[metric].keys()].sort((a, b) => a - b);
        return {name: words(metric.slice(direction.length)), steps, color: i,
          values: steps.map((step) => history[metric].get(step))};
      });
      const what = [words(direction).trim(), unit].filter(Boolean).join(', ');
      const formats = metrics.map((metric) => scoreFormat(name, metric, [...history[metric].values()]));
      charts.push(chart({title: name, unit: what, zero: true, series,
        format: formats.includes(number) ? number : fraction}));
    }
  }
  return charts;
}

// A line from 0 to 1 with the score as a dot and its interval as a bar.
function whisker(value, interval) {
  if ([value, ...(interval ?? [])].some((end) => !isNumber(end) || end < 0 || end > 1)) return null;
  const at = (x) => `${(x * 100).toFixed(2)}%`;
  const ink = {stroke: 'var(--s1)'};
  return drawing('svg', {'aria-hidden': 'true'},
    drawing('line', {x1: 0, x2: '100%', y1: 7, y2: 7, style: {stroke: 'var(--line)'}, 'stroke-width': 2}),
    interval ? drawing('line', {x1: at(interval[0]), x2: at(interval[1]), y1: 7, y2: 7, style: ink,
      'stroke-width': 4, 'stroke-linecap': 'round', 'stroke-opacity': .55}) : null,
    drawing('circle', {cx: at(value), cy: 7, r: 4.5, style: {fill: 'var(--s1)'}}));
}

function scoreRow(benchmark, metric, value, interval) {
  const shown = scoreFormat(benchmark, metric, [value, ...(interval ?? [])]);
  return element('div', {class: 'score'}, element('span', {}, words(metric)), element('b', {}, shown(value)),
    element('span', {class: 'quiet'}, interval ? `${shown(interval[0])} to ${shown(interval[1])}` : ''),
    shown === fraction ? whisker(value, interval) : null);
}

// What an evaluation says about how its scores came about.
function conditions(evaluation) {
  const said = [`${number(evaluation.num_samples)} images, checkpoint of step ${number(evaluation.step)}.`];
  const newest = report.run.checkpoint?.step;
  if (isNumber(newest) && evaluation.step !== newest) {
    said.push(`The newest checkpoint is that of step ${number(newest)}.`);
  }
  if (Object.keys(evaluation.intervals ?? {}).length) {
    said.push(evaluation.resampled_by?.startsWith('image (') ?
      'Bars: 95 % bootstrap intervals; images are treated as independent.' :
      `Bars: 95 % bootstrap intervals; images of one ${evaluation.resampled_by} are resampled together.`);
  } else {
    said.push('This evaluation holds no intervals.');
  }
  const leakage = evaluation.leakage;
  if (leakage?.status === 'checked') {
    said.push(`Near-duplicates of training images, listed in ${leakage.pairs}: ${number(leakage.near_duplicates)}.`);
    if (leakage.reason) said.push(`Without them: ${leakage.reason}.`);
  } else if (leakage) {
    said.push('Not checked for images that were trained on.');
  }
  if (evaluation.absent_classes?.length) said.push(`Without images: ${evaluation.absent_classes.join(', ')}.`);
  if (evaluation.missing_concepts?.length) {
    said.push(`Without a column: ${evaluation.missing_concepts.join(', ')}.`);
  }
  const unlisted = Object.entries(evaluation.unlisted_labels ?? {});
  if (unlisted.length) {
    said.push(`Left out: ${unlisted.map(([label, count]) => `${label} (${number(count)})`).join(', ')}.`);
  }
  return paragraph(said.join(' '));
}

function more(title, content) {
  return element('details', {}, element('summary', {}, title), content);
}

function concepts(evaluation) {
  if (!evaluation.concepts?.length) return null;
  return more('Concepts', table(['concept', 'n', 'present', 'AUROC', '95 % interval'],
    evaluation.concepts.map((concept) => [concept.label, number(concept.n), number(concept.positives),
      fraction(concept.auroc), concept.interval ? concept.interval.map(fraction).join(' to ') : '–'])));
}

function slices(evaluation) {
  return Object.entries(evaluation.slices ?? {}).map(([column, values]) => {
    const metrics = [...new Set(values.flatMap((slice) => Object.keys(slice.scores ?? {})))];
    const formats = metrics.map((metric) =>
      scoreFormat(evaluation.benchmark, metric, values.map((slice) => slice.scores?.[metric])));
    return more(`By ${column}`, table([column, 'n', ...metrics.map(words)], values.map((slice) =>
      [slice.value, number(slice.n), ...metrics.map((metric, i) => formats[i](slice.scores?.[metric]))])));
  });
}

function hashes(evaluation) {
  const entries = Object.entries(evaluation.hashes ?? {});
  return entries.length ? more('Hashes', table(['of', 'SHA-256'],
    entries.map(([name, value]) => [name, element('code', {}, value)]))) : null;
}

function finalScores(name, evaluation, history) {
  if (evaluation?.failure) {
    return element('div', {class: 'card'}, element('h3', {}, name),
      paragraph(`The checkpoint of step ${number(evaluation.step)} could not be scored: ${evaluation.failure}`));
  }
  if (evaluation) {
    return element('div', {class: 'card'}, element('h3', {}, name), conditions(evaluation),
      Object.entries(evaluation.scores).map(([metric, value]) =>
        scoreRow(name, metric, value, evaluation.intervals?.[metric])),
      concepts(evaluation), slices(evaluation), hashes(evaluation));
  }
  const last = (scores) => [...scores.entries()].reduce((best, entry) => (entry[0] > best[0] ? entry : best));
  const rows = Object.entries(history).map(([metric, scores]) => ({metric, step: last(scores)[0], value: last(scores)[1]}));
  const step = Math.max(...rows.map((row) => row.step));
  return element('div', {class: 'card'}, element('h3', {}, name),
    paragraph(`Validation during training, step ${number(step)}; no intervals.`),
    rows.map(({metric, value}) => scoreRow(name, metric, value, null)));
}

function scoreSection() {
  const evaluations = evaluationsByBenchmark(report.evaluations);
  const names = [...new Set(benchmarkNames(report.curves, evaluations))].sort();
  section('scores', missing('scores'));
  if (names.length) {
    const histories = Object.fromEntries(names.map((name) => [name, scoreHistory(name, report.curves, evaluations.get(name))]));
    const charts = names.flatMap((name) => scoreCharts(name, histories[name])).filter(Boolean);
    if (charts.length) section('scores', element('h3', {}, 'Over training'), element('div', {class: 'grid'}, charts));
    section('scores', element('h3', {style: {marginTop: '1.75rem'}}, 'Latest'),
      report.missing.scores ? null : missing('intervals'),
      element('div', {class: 'stack'}, names.map((name) =>
        finalScores(name, latest(evaluations.get(name)), histories[name]))));
  }
  const matrices = names.map((name) => latest(evaluations.get(name)))
    .filter((evaluation) => evaluation?.confusion?.length && evaluation.classes?.length);
  section('confusion', missing('confusion'), matrices.length ?
    paragraph('Rows are the true classes, columns the predicted ones. Color is the share of a row: 0 to 1.') : null,
    element('div', {class: 'stack'}, matrices.map(confusionCard)));
}

function confusionCard(evaluation) {
  const {classes, confusion} = evaluation;
  const plot = element('div', {class: 'plot'});
  whenSized(plot, (width) => drawConfusion(plot, evaluation, width));
  const totals = confusion.map((row) => row.reduce((sum, count) => sum + count, 0));
  const mistakes = confusion.flatMap((row, i) => row.map((count, j) => ({i, j, count})))
    .filter(({i, j, count}) => i !== j && count > 0).sort((a, b) => b.count - a.count).slice(0, 5);
  return element('div', {class: 'card'}, element('h3', {}, evaluation.benchmark),
    element('div', {class: 'matrix'},
      element('div', {}, plot,
        colorBar('linear-gradient(90deg, rgba(var(--cell), 0), rgba(var(--cell), 1))', ['0', '0.5', '1'],
          'share of the true class')),
      element('div', {},
        table(['class', 'n', 'recall', 'precision', 'F1', 'AUROC'], classes.map((one, i) =>
          [`${i + 1}  ${one.label}`, number(one.n), fraction(one.recall), fraction(one.precision), fraction(one.f1),
           fraction(one.auroc)])),
        mistakes.length ? element('div', {style: {marginTop: '1rem'}}, element('h4', {}, 'Most frequent confusions'),
          element('ol', {class: 'texts'}, mistakes.map(({i, j, count}) => element('li', {},
            `${classes[i].label} taken for ${classes[j].label}: ${number(count)} of ${number(totals[i])}`)))) : null)));
}

// Room for the names of classes at a matrix's edge, in pixels; 0 where its cells are too small for lines of text.
function nameEdge(classes, width) {
  const longest = Math.max(...classes.map((one) => one.label.length));
  const edge = Math.min(longest * LETTER + 8, Math.floor(width * .32), 150);
  return (width - edge - AXIS) / classes.length >= 13 ? edge : 0;
}

function shortened(name, room) {
  const letters = Math.floor((room - 8) / LETTER);
  return name.length > letters ? `${name.slice(0, Math.max(1, letters - 1))}…` : name;
}

const LETTER = 6.2;  // pixels of an average letter of the axes
const AXIS = 16;     // of the line that names an axis

// The two axes with their names, and each class's name or, where there is no room, some of their numbers.
function confusionAxes(classes, edge, names, cell) {
  const every = Math.ceil((names ? 13 : classes.length < 100 ? 18 : 26) / cell);
  const middle = edge + classes.length * cell / 2;
  const parts = [
    drawing('text', {x: middle, y: 11, 'text-anchor': 'middle'}, 'predicted'),
    drawing('text', {transform: `translate(11 ${middle}) rotate(-90)`, 'text-anchor': 'middle'}, 'true')];
  classes.forEach(({label}, i) => {
    if (i % every) return;
    const at = edge + (i + .5) * cell + 4;
    const name = names ? shortened(label, names) : i + 1;
    const full = names ? [drawing('title', {}, label)] : [];
    parts.push(drawing('text', {x: edge - 5, y: at, 'text-anchor': 'end'}, name, full),
      names ? drawing('text', {transform: `translate(${at} ${edge - 6}) rotate(-90)`}, name, full.map((one) => one.cloneNode(true))) :
        drawing('text', {x: at - 4, y: edge - 7, 'text-anchor': 'middle'}, name));
  });
  return parts;
}

function drawConfusion(plot, {classes, confusion}, width) {
  const names = nameEdge(classes, width);
  const edge = AXIS + (names || 26);
  const cell = (width - edge) / classes.length;
  const parts = confusionAxes(classes, edge, names, cell);
  const tip = element('div', {class: 'tip', hidden: ''});
  confusion.forEach((row, i) => {
    const total = row.reduce((sum, value) => sum + value, 0);
    row.forEach((value, j) => {
      const share = total ? value / total : 0;
      const [x, y] = [edge + j * cell, edge + i * cell];
      if (share > 0) {
        parts.push(drawing('rect', {x, y, width: cell, height: cell, style: {fill: `rgba(var(--cell), ${share})`}}));
      }
      if (cell >= 24 && value > 0) {
        parts.push(drawing('text', {x: x + cell / 2, y: y + cell / 2 + 4, 'text-anchor': 'middle',
          style: {fill: share > .5 ? 'var(--cell-ink)' : 'var(--ink)'}}, value));
      }
    });
  });
  parts.push(drawing('rect', {x: edge + .5, y: edge + .5, width: width - edge - 1, height: width - edge - 1,
    fill: 'none', style: {stroke: 'var(--line)'}}));
  const image = drawing('svg', {viewBox: `0 0 ${width} ${width}`, height: width, role: 'img',
    'aria-label': 'Confusion matrix; the table beside it holds each class\'s recall'}, parts);
  image.addEventListener('pointermove', (event) => {
    const box = image.getBoundingClientRect();
    const [j, i] = [event.clientX - box.left, event.clientY - box.top].map((x) => Math.floor((x - edge) / cell));
    tip.hidden = !(confusion[i]?.[j] >= 0);
    if (tip.hidden) return;
    const total = confusion[i].reduce((sum, value) => sum + value, 0);
    tip.replaceChildren(element('div', {}, `true: ${classes[i].label}`),
      element('div', {}, `predicted: ${classes[j].label}`),
      element('div', {}, `${number(confusion[i][j])} of ${number(total)}`));
    tip.style.left = `${Math.max(0, Math.min(event.clientX - box.left + 12, width - tip.offsetWidth))}px`;
    tip.style.top = `${event.clientY - box.top + 14}px`;
  });
  image.addEventListener('pointerleave', () => { tip.hidden = true; });
  plot.replaceChildren(image, tip);
}
