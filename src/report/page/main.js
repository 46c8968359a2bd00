// A report's page as a whole.

const report = pageData();

// What the report says is missing from a section.
function missing(section) {
  const text = report.missing[section];
  return text ? note(text) : null;
}

function tile(value, label) {
  return element('div', {class: 'tile'}, element('b', {}, value), element('span', {}, label));
}

function head() {
  const {run, curves} = report;
  document.title = `${run.name}: Dermatome report`;
  document.getElementById('name').append(run.name);
  document.getElementById('subtitle').append(run.checkpoint ?
    `Newest checkpoint: ${run.checkpoint.path}` : 'No checkpoint yet');
  const {train} = curves;
  const last = (key) => (train[key] ?? []).findLast(isNumber);
  const speeds = (train.images_per_second ?? []).filter(isNumber).sort((a, b) => a - b);
  document.getElementById('tiles').append(
    tile(number(last('step') ?? 0), 'steps logged'), tile(number(run.batch_size), 'images per step'),
    tile(number(last('loss')), 'loss'), tile(number(speeds[Math.floor(speeds.length / 2)], 3), 'images/s, median'),
    tile(number(last('logit_scale'), 3), 'logit scale'));
  document.getElementById('facts').append(...factRows(run.facts));
}

head();
trainingCharts();
scoreSection();
retrievedSection();
mapSection();
section('settings', paragraph('Every setting of the run, as `config.yaml` holds it.'),
  element('div', {class: 'card'}, element('details', {}, element('summary', {}, 'config.yaml'),
    element('pre', {}, report.run.config))));
document.documentElement.dataset.state = 'drawn';
