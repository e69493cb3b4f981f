export type Attributes = Readonly<Record<string, string | number>>;

/** An element of SVG. Numbers are rounded to a tenth of a pixel, so that a plot does not change by nothing. */
export function element(name: string, attributes: Attributes, ...content: readonly string[]): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(format(value))}"`);
  const start = `<${name}${written.join('')}`;
  return content.length === 0 ? `${start}/>` : `${start}>${content.join('')}</${name}>`;
}

export const text = (x: number, y: number, className: string, content: string): string =>
  element('text', { x, y, class: className }, escapeXml(content));

export function escapeXml(words: string): string {
  return words
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

const format = (value: string | number): string =>
  typeof value === 'number' ? String(Math.round(value * 10) / 10) : value;
