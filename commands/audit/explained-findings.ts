// Findings of `npm audit` that do not apply, by the address of the advisory, each with the reason.
export const explainedFindings: Readonly<Record<string, string>> = {}
