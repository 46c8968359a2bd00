// Retrieved examples and patch maps.

function photo(row, small) {
  const image = element('img', {src: report.images[row], alt: `image of record ${row}`,
    class: small ? 'small' : null});
  // An image of few pixels is what the model saw; smoothing would hide that.
  image.addEventListener('load', () => image.classList.toggle('pixels', image.naturalWidth < 64));
  return image;
}

function origin() {
  const {path, origin: key, records} = report.data;
  const trained = key === 'data.train' ? ' The run has no data.validation, so these are images it was trained on.' : '';
  return `Images: ${path} (${key}, ${number(records)} records).${trained}`;
}

function hitLine(hit) {
  return [cosine(hit.cosine), hit.own ? element('span', {class: 'own-mark'}, ' ✓ its own') : null,
          hit.tied ? ' = tied' : null];
}

// The rank of a query's own candidate. A tie counts against it.
function ownRank({rank, tied}) {
  return `its own is number ${number(rank)}${tied ? `, tied with ${number(tied)} other(s)` : ''}`;
}

function retrievedSection() {
  section('retrieved', missing('retrieved'));
  const found = report.retrieved;
  if (!found) return;
  if (!found.by_caption.length) {
    return section('retrieved', note('No record with a raw caption was looked at: none was asked for ' +
      '(`--images`), or the data has none.'));
  }
  section('retrieved', paragraph(`The nearest of ${number(found.images)} images and ` +
    `${number(found.captions)} raw captions, spread over the data, by cosine. A check by eye, not a ` +
    `score: among more candidates ranks are worse. ${origin()}`),
    element('div', {class: 'grid'}, found.by_caption.map((query, i) => retrievedCard(query, found.by_image[i]))));
}

function retrievedCard(byCaption, byImage) {
  return element('div', {class: 'card'},
    element('h3', {class: 'clamp', title: byCaption.text}, `“${byCaption.text}”`),
    element('h4', {class: 'quiet'}, `Images for this caption; ${ownRank(byCaption)}`),
    element('div', {class: 'hits'}, byCaption.hits.map((hit) => element('figure', {class: hit.own ? 'own' : null},
      photo(hit.row, true), element('figcaption', {}, hitLine(hit))))),
    element('h4', {class: 'quiet'}, `Captions for its image; ${ownRank(byImage)}`),
    element('div', {class: 'query'}, photo(byImage.row, true),
      element('ol', {class: 'texts'}, byImage.hits.map((hit) => element('li', {},
        element('span', {class: 'clamp', title: hit.text}, hit.text),
        element('span', {class: 'quiet'}, hitLine(hit)))))));
}

// One scale for all maps: blue below 0, orange above, clear at 0.
const BELOW = [33, 102, 214];
const ABOVE = [226, 92, 10];
const STRONGEST = .88;

function mapScale() {
  const sizes = report.maps.flatMap((image) => image.maps).flatMap((map) =>
    [...map.trained, ...map.untrained, ...(map.other?.values ?? [])]).filter(isNumber).map(Math.abs);
  const most = sizes.reduce((a, b) => Math.max(a, b), 0);
  return most > 0 ? Math.ceil(most * 20) / 20 : 1;
}

function color(value, most) {
  const share = Math.max(-1, Math.min(1, value / most));
  return [...(share < 0 ? BELOW : ABOVE), Math.abs(share) * STRONGEST];
}

function scaleBar(most) {
  const [low, high] = [-most, most].map((value) => `rgba(${color(value, most).join()})`);
  const clear = [BELOW, ABOVE].map((rgb) => `rgba(${rgb.join()},0)`);
  return colorBar(`linear-gradient(90deg, ${low}, ${clear[0]} 50%, ${clear[1]} 50%, ${high}), #b4b4b4`,
    [-most, -most / 2, 0, most / 2, most].map((value) => cosine(value)),
    'weight or cosine of a patch; clear: 0');
}

function overlay(values, most, label) {
  const side = report.grid;
  const canvas = element('canvas', {width: side, height: side, class: 'pixels', role: 'img', 'aria-label': label});
  const context = canvas.getContext('2d');
  const pixels = context.createImageData(side, side);
  values.forEach((value, i) => {
    const [red, green, blue, alpha] = color(value ?? 0, most);
    pixels.data.set([red, green, blue, Math.round(alpha * 255)], 4 * i);
  });
  context.putImageData(pixels, 0, 0);
  return canvas;
}

function mapFigure(row, values, title, most) {
  const span = range(values);
  const extent = span ? `${cosine(span[0])} to ${cosine(span[1])}` : 'not finite';
  const value = element('span', {}, extent);
  const map = element('div', {class: 'map'}, photo(row, false), overlay(values, most, `${title}: ${extent}`));
  map.addEventListener('pointermove', (event) => {
    const box = map.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
      .map((place) => Math.min(report.grid - 1, Math.max(0, Math.floor(place * report.grid))));
    value.textContent = `here ${cosine(values[y * report.grid + x])}`;
  });
  map.addEventListener('pointerleave', () => { value.textContent = extent; });
  return element('figure', {}, map, element('figcaption', {}, element('b', {}, title), element('br'), value));
}

const KINDS = {weights: 'patch weights', cosines: 'patch cosine'};

function mapRow(row, map, most) {
  return element('div', {},
    element('h4', {}, element('span', {class: `tag ${map.kind}`}, KINDS[map.kind]),
      element('span', {class: 'quiet'}, `${words(map.aspect)}: `),
      element('span', {title: map.text}, `“${map.text}”`)),
    element('div', {class: 'maps'},
      mapFigure(row, map.trained, 'trained', most),
      mapFigure(row, map.untrained, 'untrained', most),
      map.other ? mapFigure(row, map.other.values, 'shuffled', most) :
        element('div', {class: 'absent'}, 'no other caption among the images; ask for more with --images')),
    map.other ? element('figcaption', {class: 'clamp', title: map.other.text},
      `shuffled: “${map.other.text}” (${words(map.other.aspect)} of record ${map.other.row})`) : null);
}

function mapNotes() {
  const notes = [...(report.run.patch_weights?.notes ?? [])];
  if (report.run.pretrained) {
    notes.push('This run started from pretrained weights. “Untrained” is random weights, not that start.');
  }
  return notes.map(note);
}

function mapSection() {
  section('maps', missing('maps'));
  if (!report.maps) return;
  if (!report.maps.length) {
    return section('maps', note('No image was asked for, or none could be read. `dermatome report RUN --images 6` shows six.'));
  }
  const most = mapScale();
  const even = fraction(1 / report.grid);
  const weights = report.run.patch_weights;  // null: the objective weighs no patches
  const explained = element('ul', {},
    weights ? element('li', {}, element('span', {class: 'tag weights'}, KINDS.weights), prose('of the raw ' +
      `caption: what training took of each patch. ${weights.formula}; ${even} each if all are equal.`)) : null,
    element('li', {}, element('span', {class: 'tag cosines'}, KINDS.cosines), weights ?
      'of a subcaption: a similarity looked at afterwards. Training never weighed patches by subcaptions.' :
      'of a caption: a similarity looked at afterwards. Training weighed no patches by captions.'));
  const toggle = element('input', {type: 'checkbox', checked: ''});
  const cards = element('div', {class: 'stack'}, report.maps.map((image) => mapCard(image, most)));
  toggle.addEventListener('change', () => cards.classList.toggle('plain', !toggle.checked));
  section('maps', mapNotes(), explained, paragraph('Beside each map of the newest checkpoint: the same from ' +
    `random weights (same architecture, seed ${report.run.seed}), and the trained model's for another record's ` +
    'caption. A map that looks like those says little about its caption. Images without augmentation; ' +
    `point at a patch for its value. ${origin()}`),
    element('div', {class: 'controls'}, scaleBar(most), element('label', {}, toggle, ' overlays')), cards);
}

function mapCard(image, most) {
  const captions = image.captions.map((caption) =>
    element('li', {}, element('span', {class: 'quiet'}, `${words(caption.aspect)}: `), caption.text));
  return element('div', {class: 'card'},
    element('div', {class: 'query'}, photo(image.row, true),
      element('div', {}, element('h3', {}, `Record ${image.row}`),
        element('div', {class: 'quiet'}, image.source), more('All its captions', element('ul', {}, captions)))),
    image.maps.length ? element('div', {class: 'maprows'}, image.maps.map((map) => mapRow(image.row, map, most))) :
      paragraph('This record has no raw caption and no subcaption, so there is nothing to map.'));
}
