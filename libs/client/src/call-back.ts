// Calls the app back. What its code throws, or rejects with, is the app's own fault: it is reported and ends nothing here.

/** Browsers have it and say so to `window.onerror`; elsewhere the console is all there is. */
const report = (error: unknown): void => {
  const { reportError } = globalThis as { reportError?: (error: unknown) => void }
  if (reportError !== undefined) reportError(error)
  // oxlint-disable-next-line no-console
  else console.error(error)
}

/** Comes back once the callback has; it is not waited for what a callback only promises. */
export const callBack = <Args extends unknown[]>(
  callback: ((...args: Args) => unknown) | undefined,
  ...args: Args
): void => {
  try {
    Promise.resolve(callback?.(...args)).catch(report)
  } catch (error) {
    report(error)
  }
}
