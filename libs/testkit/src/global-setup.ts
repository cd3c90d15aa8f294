// Once per run of the suite.
export const setup = (): void => undefined
