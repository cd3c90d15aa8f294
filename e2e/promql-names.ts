// What a PromQL expression names: metrics, and the labels it selects or groups them by.
export interface NamedMetric {
  readonly name: string
  readonly labels: readonly string[]
}

const tokenPattern = /"(?:[^"\\]|\\.)*"|[a-zA-Z_:][\w:]*|\d[\w.]*|[^\s\w]/g
const grouping = new Set(['by', 'without'])
const matching = new Set(['on', 'ignoring', 'group_left', 'group_right'])
const operators = new Set(['and', 'or', 'unless', 'offset', 'bool', 'inf', 'nan'])
const isName = (token = ''): boolean => /^[a-zA-Z_:]/.test(token)

/** Where the bracket at `from` is closed. */
const closedAt = (tokens: readonly string[], from: number): number => {
  let depth = 0
  for (let at = from; at < tokens.length; at += 1) {
    if (/^[({[]$/.test(tokens[at] ?? '')) depth += 1
    if (/^[)}\]]$/.test(tokens[at] ?? '')) depth -= 1
    if (depth === 0) return at
  }
  throw new Error(`a bracket is not closed: ${tokens.join(' ')}`)
}

const read = (tokens: readonly string[], grouped: readonly string[]): NamedMetric[] => {
  const found: NamedMetric[] = []
  /** Labels by which what comes next is grouped. */
  let labels: readonly string[] = []
  for (let at = 0; at < tokens.length; at += 1) {
    const [token = '', next = ''] = tokens.slice(at, at + 2)
    const word = token.toLowerCase()
    const from = isName(token) && /^[({]$/.test(next) ? at + 1 : at
    if (!/^[({[]$/.test(tokens[from] ?? '')) {
      const isMetric = isName(token) && !operators.has(word) && !grouping.has(next.toLowerCase())
      if (isMetric) found.push({ name: token, labels: grouped })
      continue
    }
    at = closedAt(tokens, from)
    const inside = tokens.slice(from + 1, at)
    if (tokens[from] === '[' || matching.has(word)) continue
    if (tokens[from] === '{') found.push({ name: token, labels: [...grouped, ...inside.filter(isName)] })
    else if (grouping.has(word)) labels = inside.filter(isName)
    else {
      const after = grouping.has(tokens[at + 1]?.toLowerCase() ?? '')
        ? tokens.slice(at + 3, closedAt(tokens, at + 2))
        : []
      found.push(...read(inside, [...grouped, ...labels, ...after.filter(isName)]))
      labels = []
    }
  }
  return found
}

export const namesInPromql = (expression: string): NamedMetric[] => read(expression.match(tokenPattern) ?? [], [])
