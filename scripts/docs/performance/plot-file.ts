/** Where the plot of a scenario lies, as seen from docs/. */
export const plotFile = (scenario: string): string =>
  `performance/${scenario.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.svg`;
