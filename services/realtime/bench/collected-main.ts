// The service as it is, with one thing added for the benchmark: SIGUSR2 collects garbage, so that its memory can be weighed.
// Needs --expose-gc.
process.on('SIGUSR2', () => globalThis.gc?.())
await import('../src/main.ts')
