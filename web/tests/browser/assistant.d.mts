/** For the unit tests, which use the same assistant in memory. */
export class Assistant {
  constructor(script: (request: Record<string, unknown>) => unknown);
  // eslint-disable-next-line -- a test looks at whatever it likes
  [name: string]: any;
}
