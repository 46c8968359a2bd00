// Curves over training steps.

const SERIES = ['var(--s1)', 'var(--s2)', 'var(--s3)', 'var(--s4)', 'var(--s5)'];
const MARGIN = {left: 46, right: 12, top: 8, bottom: 30};
const HEIGHT = 210;

// How the reader wants curves over training steps to look. Every chart that follows it has a function here that
// draws it again.
const view = {log: false, smoothing: 0, redraw: []};

// A card. series: [{name, steps, values, color: place in SERIES, dashed}]; zero: the axis begins at 0; viewed: the
// chart follows `view`.
function chart({title, unit, series, zero, viewed, format = number}) {
  series = series.filter((one) => one.values.some(isNumber));
  if (!series.length) return null;
  const plot = element('div', {class: 'plot'});
  const legend = element('div', {class: 'legend'}, series.map((one) => element('span', {},
    element('i', {class: one.dashed ? 'dashed' : null, style: {borderTopColor: SERIES[one.color]}}),
    `${one.name} `, element('b', {}, format(one.values.findLast(isNumber))))));
  let lastWidth = 0;
  const show = (width) => {
    lastWidth = width;
    draw(plot, {title, series, zero, format, ...(viewed ? view : {log: false, smoothing: 0})}, width);
  };
  whenSized(plot, show);
  if (viewed) view.redraw.push(() => (lastWidth ? show(lastWidth) : null));
  return element('div', {class: 'card'}, element('h3', {}, title,
    unit ? element('span', {class: 'quiet'}, `, ${unit}`) : null), legend, plot);
}

// The switches of `view`, for all charts that follow it.
function viewControls() {
  const change = (values) => {
    Object.assign(view, values);
    view.redraw.forEach((draw) => draw());
  };
  const log = element('input', {type: 'checkbox', id: 'log'});
  log.addEventListener('change', () => change({log: log.checked}));
  const smoothing = element('input', {type: 'range', id: 'smoothing', min: 0, max: 0.98, step: 0.02, value: 0});
  smoothing.addEventListener('input', () => change({smoothing: Number(smoothing.value)}));
  return element('div', {class: 'view'}, element('label', {}, log, ' logarithmic scale'),
    element('label', {}, 'smoothing ', smoothing));
}

// The exponential moving average of a curve: each point keeps `share` of the mean before it. The mean of the first
// points is taken over those that there are. Gaps stay gaps.
function smoothed(one, share) {
  let [sum, weight] = [0, 0];
  return {...one, values: one.values.map((value) => {
    if (!isNumber(value)) return value;
    sum = share * sum + (1 - share) * value;
    weight = share * weight + (1 - share);
    return sum / weight;
  })};
}

// A logarithmic axis ends at 1, 2 or 5 times a power of ten and is marked there.
function logMarks(low, high) {
  const marks = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high * 10; ++power) {
    for (const factor of [1, 2, 5]) marks.push(factor * 10 ** power);
  }
  const first = marks.findLastIndex((mark) => mark <= low * 1.000001);
  const last = marks.findIndex((mark) => mark >= high * 0.999999);
  const found = marks.slice(first, last + 1);
  const every = Math.ceil(found.length / 8);
  return found.filter((mark, i) => i % every === 0 || i === found.length - 1);
}

// A curve with values of 0 or below has no logarithms: its chart stays linear.
function scales({series, zero, log}, width) {
  const steps = [0, Math.max(1, ...series.map((one) => one.steps[one.steps.length - 1]))];
  const values = range(series.flatMap((one) => one.values));
  const logarithmic = log && values[0] > 0;
  if (zero && !logarithmic) values[0] = Math.min(0, values[0]);
  if (values[0] === values[1]) values[1] += Math.abs(values[1]) || 1;
  const marks = logarithmic ? logMarks(values[0], values[1]) : ticks(values[0], values[1], 4);
  const size = logarithmic ? Math.log10 : (value) => value;
  const [low, high] = [size(marks[0]), size(marks[marks.length - 1])];
  const inner = {width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom};
  return {
    marks, steps,
    x: (step) => MARGIN.left + step / steps[1] * inner.width,
    y: (value) => MARGIN.top + (high - size(value)) / (high - low) * inner.height,
  };
}

function axes({marks, steps, x, y}, width) {
  const bottom = HEIGHT - MARGIN.bottom;
  const parts = marks.flatMap((mark) => [
    drawing('line', {class: 'rule', x1: MARGIN.left, x2: width - MARGIN.right, y1: y(mark), y2: y(mark)}),
    drawing('text', {x: MARGIN.left - 6, y: y(mark) + 4, 'text-anchor': 'end'}, number(mark, 3))]);
  for (const step of ticks(steps[0], steps[1], Math.max(3, Math.floor(width / 100)))) {
    if (step > steps[1] || !Number.isInteger(step)) continue;
    parts.push(drawing('text', {x: x(step), y: bottom + 14, 'text-anchor': 'middle'}, number(step)));
  }
  parts.push(drawing('text', {x: width - MARGIN.right, y: HEIGHT - 3, 'text-anchor': 'end'}, 'step'));
  return parts;
}

// A line with gaps where a value is missing; single points become dots.
function curve(one, {x, y}) {
  let path = '';
  let pen = false;
  one.values.forEach((value, i) => {
    if (isNumber(value)) path += `${pen ? 'L' : 'M'}${x(one.steps[i]).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = isNumber(value);
  });
  const line = drawing('path', {d: path, fill: 'none', 'stroke-width': 1.8, 'stroke-linejoin': 'round',
    'stroke-dasharray': one.dashed ? '5 4' : null, style: {stroke: SERIES[one.color]}});
  if (one.values.length > 40) return [line];
  return [line, ...one.values.flatMap((value, i) => (isNumber(value) ?
    [drawing('circle', {cx: x(one.steps[i]), cy: y(value), r: 2.6, style: {fill: SERIES[one.color]}})] : []))];
}

function draw(plot, {title, series: measured, zero, format, log, smoothing}, width) {
  const scale = scales({series: measured, zero, log}, width);
  const series = smoothing ? measured.map((one) => smoothed(one, smoothing)) : measured;
  const behind = drawing('g', {'stroke-opacity': .25, 'fill-opacity': .25},
    smoothing ? measured.flatMap((one) => curve(one, scale)) : []);
  const marks = drawing('g');
  const spoken = series.map((one) => `${one.name} ${format(one.values.findLast(isNumber))}`).join(', ');
  const image = drawing('svg', {viewBox: `0 0 ${width} ${HEIGHT}`, height: HEIGHT, role: 'img', tabindex: 0,
    'aria-label': `${title}, last values: ${spoken}`},
    axes(scale, width), behind, series.flatMap((one) => curve(one, scale)), marks);
  const tip = element('div', {class: 'tip', hidden: ''});
  plot.replaceChildren(image, tip);
  listen(image, scale, series, (step) => point(step, {plot, tip, marks, scale, series, format, width}));
}

// Tells show() of the step that pointer or arrow keys are at, null when they leave.
function listen(image, scale, series, show) {
  const steps = [...new Set(series.flatMap((one) => one.steps))].sort((a, b) => a - b);
  let at = steps.length - 1;
  const move = (event) => {
    const place = event.clientX - image.getBoundingClientRect().left;
    at = steps.reduce((best, step, i) =>
      (Math.abs(scale.x(step) - place) < Math.abs(scale.x(steps[best]) - place) ? i : best), 0);
    show(steps[at]);
  };
  image.addEventListener('pointermove', move);
  image.addEventListener('pointerdown', move);
  image.addEventListener('pointerleave', () => show(null));
  image.addEventListener('blur', () => show(null));
  image.addEventListener('keydown', (event) => {
    const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!by) return;
    at = Math.min(steps.length - 1, Math.max(0, at + by));
    show(steps[at]);
    event.preventDefault();
  });
}

function point(step, {plot, tip, marks, scale, series, format, width}) {
  marks.replaceChildren();
  tip.hidden = step === null;
  if (step === null) return;
  const found = series.map((one) => ({one, value: one.values[one.steps.indexOf(step)]}))
    .filter(({value}) => isNumber(value));
  const x = scale.x(step);
  marks.append(drawing('line', {class: 'hair', x1: x, x2: x, y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom}),
    ...found.map(({one, value}) =>
      drawing('circle', {cx: x, cy: scale.y(value), r: 4, style: {fill: SERIES[one.color]}})));
  tip.replaceChildren(element('div', {class: 'quiet'}, `step ${number(step)}`),
    ...found.map(({one, value}) => element('div', {},
      element('i', {style: {background: SERIES[one.color]}}), `${one.name} ${format(value)}`)));
  const room = tip.offsetWidth + 12;
  tip.style.left = `${x + room > width ? Math.max(0, x - room) : x + 12}px`;
  tip.style.top = `${MARGIN.top}px`;
}

// The keys of a training line that are not terms of the objective; `loss` is the objective's total.
const NO_TERMS = new Set(['step', 'loss', 'lr', 'logit_scale', 'gradient_norm', 'images_per_second',
                          'data_seconds', 'step_seconds', 'memory_mib']);

// The objective's terms that are in use, at most as many as there are colors left by two totals.
function terms(train) {
  return Object.keys(train).filter((name) => !NO_TERMS.has(name) && train[name].some((value) => value))
    .slice(0, SERIES.length - 2);
}

// The kinds of curves of a run besides its losses: keys of a training line.
const MEASURES = [
  {key: 'lr', title: 'Learning rate', name: 'rate', zero: true},
  {key: 'images_per_second', title: 'Throughput', unit: 'images per second, all ranks', name: 'images/s', zero: true},
  {key: 'logit_scale', title: 'Logit scale', unit: 'factor on cosines', name: 'scale'},
  {key: 'gradient_norm', title: 'Gradient norm', unit: 'before clipping', name: 'norm', zero: true},
];

function trainingCharts() {
  const {train, validation, averaged} = report.curves;
  if (!train.step.length) return section('training', missing('training'));
  const column = (name, key, color) =>
    ({name, steps: train.step, values: train[key] ?? [], color});
  const held = validation.loss;
  const loss = [column('total', 'loss', 0), ...terms(train).map((name, i) => column(name, name, i + 1))];
  if (held) {
    loss.push({name: 'total, held out', steps: held.step, values: held.total ?? [],
      color: SERIES.length - 1, dashed: true});
  }
  section('training', viewControls(),
    averaged > 1 ? paragraph(`Each point is the mean of ${averaged} logged steps.`) : null,
    held ? paragraph('Held-out losses are means over batches of the validation shards: comparable with ' +
      'training only at the same batch size, and without augmentation.') : null,
    element('div', {class: 'grid'}, [
      chart({title: 'Loss', viewed: true, series: loss}),
      ...MEASURES.filter(({key}) => key !== 'gradient_norm' || (train[key] ?? []).some((value) => value))
        .map(({key, name, ...what}) => chart({...what, viewed: true, series: [column(name, key, 0)]}))].filter(Boolean)));
}
