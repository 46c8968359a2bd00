'use strict';
// Parts of every page. Whatever comes from the data becomes text, never markup.

const DRAWING = 'http://www.w3.org/2000/svg';

// What the page shows.
function pageData() {
  return JSON.parse(document.getElementById('data').textContent);
}

// element('a', {class: 'b', title: 'c'}, 'text', child, …); null children are left out.
function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function drawing(name, attributes = {}, ...children) {
  return fill(document.createElementNS(DRAWING, name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'style') Object.assign(node.style, value);
    else if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

// Text in which `…` is code.
function prose(text) {
  return text.split('`').map((part, i) => (i % 2 ? element('code', {}, part) : part));
}

function note(text) {
  return element('div', {class: 'note'}, prose(text));
}

function paragraph(text) {
  return element('p', {class: 'quiet'}, prose(text));
}

function section(name, ...children) {
  document.getElementById(name).append(...children.flat().filter(Boolean));
}

function isNumber(value) {
  return typeof value === 'number' && Number.isFinite(value);
}

function number(value, digits = 4) {
  if (!isNumber(value)) return '–';
  if (Number.isInteger(value)) return value.toLocaleString('en');
  const size = Math.abs(value);
  if (size < 1e-2) return Number(value.toPrecision(digits - 1)).toExponential();
  return Number(value.toPrecision(digits)).toLocaleString('en', {maximumFractionDigits: 6});
}

function fraction(value) {
  return isNumber(value) ? value.toFixed(3) : '–';
}

function cosine(value) {
  return isNumber(value) ? value.toFixed(2).replace('-0.00', '0.00').replace('-', '−') : '–';
}

const NAMES = {auroc: 'AUROC', top1: 'top-1', top5: 'top-5', weighted_f1: 'weighted F1'};

function words(name) {
  return NAMES[name] ?? name.replaceAll('_', ' ');
}

function range(numbers) {
  const finite = numbers.filter(isNumber);
  if (!finite.length) return null;
  return finite.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)],
                       [Infinity, -Infinity]);
}

// About `count` round numbers that span [low, high].
function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) * power;
  const found = [];
  for (let i = Math.floor(low / unit + 1e-9); i * unit < high + unit * 0.999; ++i) found.push(i * unit);
  return found;
}

// Calls draw(width) now and whenever the node's width changes.
function whenSized(node, draw) {
  let last = 0;
  // Draws in the next frame: drawing changes heights, which the observer's callback must not do.
  new ResizeObserver(() => requestAnimationFrame(() => {
    const width = Math.floor(node.clientWidth);
    if (width > 0 && width !== last) draw(last = width);
  })).observe(node);
}

function table(heads, rows) {
  return element('div', {class: 'scroll', tabindex: 0}, element('table', {},
    element('thead', {}, element('tr', {}, heads.map((head) => element('th', {scope: 'col'}, head)))),
    element('tbody', {}, rows.map((row) => element('tr', {}, row.map((cell) => element('td', {}, cell)))))));
}

// Pairs of a name and a text, for a <dl class="facts">.
function factRows(facts) {
  return facts.map(({name, value}) => element('div', {}, element('dt', {}, name), element('dd', {}, value)));
}

// A color bar with its numbers below.
function colorBar(background, ends, label) {
  return element('div', {class: 'bar'}, element('span', {}, label),
    element('div', {class: 'colors', style: {background}}),
    element('div', {class: 'ends'}, ends.map((end) => element('span', {}, end))));
}
