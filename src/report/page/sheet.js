// A sheet of `dermatome inspect`: one record with everything that is known of it, or a grid of records. Or a sheet of
// `dermatome duplicates`: groups of images that look alike.

const sheet = pageData();

function figure(uri, alt, note) {
  return element('figure', {}, element('img', {src: uri, alt}), note ? element('figcaption', {}, note) : null);
}

// The caption as a node `name`: gray where it is not used, marked where it is masked.
function caption(name, {text, valid}, classes = '', nothing = 'none') {
  const used = valid && text !== null;
  return element(name, {dir: 'auto', class: used ? classes : `${classes} unused`},
    text !== null && !valid ? element('span', {class: 'tag'}, 'masked') : null, text ?? nothing);
}

function wholeRecord({source, stored, views, captions}) {
  const size = `stored, ${stored.width} x ${stored.height} pixels`;
  return [
    element('div', {class: 'record'}, figure(stored.uri, `${source} as ${size}`, size),
      element('div', {class: 'shown'}, views.map(({uri, note}, i) =>
        figure(uri, `augmented view ${i + 1} of ${source}: ${note}`, note)))),
    element('dl', {class: 'captions'}, captions.flatMap((one) =>
      [element('dt', {}, one.aspect), caption('dd', one)])),
  ];
}

function cell({source, facts, views, captions}) {
  const [{uri, note}] = views;
  return element('article', {}, figure(uri, `augmented view of ${source}: ${note}`),
    element('h2', {dir: 'auto'}, source), facts.map((fact) => element('p', {class: 'quiet', dir: 'auto'}, fact)),
    captions.length ? caption('p', captions[0], 'clamp', 'no caption') : null);
}

function group({title, images, more}) {
  return element('article', {class: 'group'}, element('h2', {dir: 'auto'}, title),
    element('div', {class: 'shown'}, images.map(({uri, name, note}) =>
      element('figure', {}, uri ? element('img', {src: uri, alt: name}) : null,
        element('figcaption', {dir: 'auto'}, name, element('br'), note)))),
    more ? paragraph(`${number(more)} more of this group are in the list (--output).`) : null);
}

function content() {
  if (sheet.groups) return sheet.groups.map(group);
  const [first] = sheet.records;
  return sheet.records.length === 1 && first.stored ? wholeRecord(first) :
    [element('div', {class: 'shown overview'}, sheet.records.map(cell))];
}

document.title = `${sheet.title}: Dermatome sheet`;
document.getElementById('name').append(sheet.title);
document.getElementById('subtitle').append(sheet.subtitle);
document.getElementById('records').append(...content());
document.documentElement.dataset.state = 'drawn';
