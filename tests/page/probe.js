// What a person would see, asked of the browser. Each function gives a list of complaints, empty where all is well.
var probe = {
  parse(colour) {
    const parts = colour.match(/[\d.]+/g).map(Number);
    return { r: parts[0], g: parts[1], b: parts[2], a: parts[3] === undefined ? 1 : parts[3] };
  },
  over(top, below) {
    const mix = (one, other) => one * top.a + other * (1 - top.a);
    return { r: mix(top.r, below.r), g: mix(top.g, below.g), b: mix(top.b, below.b), a: 1 };
  },
  luminance({ r, g, b }) {
    const part = (value) => { value /= 255; return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  },
  background(element) {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(this.parse(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, top) => this.over(top, below), { r: 255, g: 255, b: 255, a: 1 });
  },
  ratio(one, other) {
    const [a, b] = [this.luminance(one), this.luminance(other)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  },
  // Text needs 4.5 to 1, what is drawn and says something 3 to 1.
  contrast() {
    const bad = [];
    const look = (element, colour, least, what) => {
      const below = this.background(element);
      const ratio = this.ratio(this.over(this.parse(colour), below), below);
      this.least = Math.min(this.least ?? 99, ratio);
      if (ratio < least) bad.push(`${what}: ${ratio.toFixed(2)} to 1`);
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let count = 0;
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
      if (!text || element.closest('style,title')) continue;
      const style = getComputedStyle(element);
      const colour = element instanceof SVGElement ? style.fill : style.color;
      look(element, colour, 4.5, text.slice(0, 40));
      count += 1;
    }
    for (const element of document.querySelectorAll('.mark path,.line')) look(element, getComputedStyle(element).stroke, 3, 'a stroke');
    for (const element of document.querySelectorAll('.flag,.pin')) {
      if (element instanceof SVGElement) look(element, getComputedStyle(element).fill, 3, 'a sign');
    }
    return { bad, count };
  },
  structure() {
    const bad = [];
    let level = 0;
    for (const head of document.querySelectorAll('h1,h2,h3,h4')) {
      const own = Number(head.tagName[1]);
      if (own > level + 1) bad.push(`${head.textContent} is an h${own} below an h${level}`);
      level = own;
    }
    if (document.querySelectorAll('h1').length !== 1) bad.push('not one h1');
    if (document.documentElement.lang !== 'en') bad.push('no language');
    if (!document.title) bad.push('no title');
    for (const table of document.querySelectorAll('table')) {
      if (!table.caption) bad.push('a table without a caption');
      for (const head of table.querySelectorAll('th')) if (!head.scope) bad.push(`${head.textContent}: no scope`);
      for (const row of table.tBodies[0].rows) if (!row.querySelector('th[scope=row]')) bad.push('a row without a head');
    }
    for (const picture of document.querySelectorAll('svg')) {
      if (picture.parentElement.closest('svg')) continue;
      const hidden = picture.getAttribute('aria-hidden') === 'true';
      if (!hidden && !(picture.getAttribute('role') === 'img' && picture.getAttribute('aria-label'))) bad.push('a picture without words');
    }
    const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
    for (const id of ids) if (ids.filter((other) => other === id).length > 1) bad.push(`two of #${id}`);
    for (const one of document.querySelectorAll('[aria-labelledby]')) {
      if (!document.getElementById(one.getAttribute('aria-labelledby'))) bad.push(`nothing names ${one.tagName}`);
    }
    for (const link of document.querySelectorAll('a[href^="#"]')) {
      if (!document.getElementById(link.hash.slice(1))) bad.push(`${link.hash} leads nowhere`);
    }
    return bad;
  },
  // Nothing that runs, and nothing that is brought from elsewhere.
  inert() {
    const bad = [];
    for (const one of document.querySelectorAll('script,img,iframe,object,embed,form,base')) bad.push(one.outerHTML.slice(0, 80));
    for (const one of document.querySelectorAll('*')) {
      for (const { name, value } of one.attributes) {
        if (name.startsWith('on') || name === 'style') bad.push(`${name}=${value}`);
        if ((name === 'src' || name === 'href') && !/^(#|\/(status\/[a-z.]+|pinfold\.asc)$|data:image\/svg)/.test(value)) bad.push(`${name}=${value}`);
      }
    }
    return bad;
  },
  wide() {
    const { scrollWidth, clientWidth } = document.documentElement;
    const bad = scrollWidth > clientWidth ? [`${scrollWidth} in ${clientWidth}`] : [];
    for (const one of document.querySelectorAll('main *')) {
      const box = one.getBoundingClientRect();
      const hidden = one.closest('caption,thead,.vh') || one.closest('svg');
      if (!hidden && box.right > clientWidth + 0.5) bad.push(`${one.tagName} ${one.textContent.slice(0, 30)} ends at ${box.right}`);
    }
    return bad;
  },
  // What the keyboard should reach, in the order of the page.
  reachable() {
    return [...document.querySelectorAll('a[href],summary')]
      .filter((one) => one.checkVisibility()).map((one) => one.textContent.trim());
  },
  focused() {
    const one = document.activeElement, style = getComputedStyle(one);
    const box = one.getBoundingClientRect();
    const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
      && this.ratio(this.parse(style.outlineColor), this.background(one.parentElement)) >= 3
      && box.right > 0 && box.bottom > 0 && box.top < innerHeight;
    return { text: one.textContent.trim(), tag: one.tagName, seen };
  },
};
