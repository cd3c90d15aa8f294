// Where a part stands: how deep below the edge its service worked, and by how much its clock differs, both from the spans.
import type { IncidentPart, IncidentSpan } from '@cairn/contracts'

export interface PlacedPart {
  readonly part: IncidentPart
  /** 0 at the edge, more the nearer to the cause. */
  readonly depth: number
  /** To be added to the part's times. */
  readonly skewMs: number
}

const maxDepth = 50

const spansById = (parts: readonly IncidentPart[]): ReadonlyMap<string, { span: IncidentSpan; part: IncidentPart }> =>
  new Map(parts.flatMap(part => part.spans.map(span => [span.span_id, { span, part }] as const)))

export const depthsOf = (parts: readonly IncidentPart[]): ReadonlyMap<IncidentPart, number> => {
  const spans = spansById(parts)
  const depthOf = (span: IncidentSpan): number => {
    let depth = 0
    for (let parent = spans.get(span.parent_id ?? ''); parent !== undefined && depth < maxDepth; depth += 1) {
      parent = spans.get(parent.span.parent_id ?? '')
    }
    return depth
  }
  return new Map(
    parts.map(part => {
      // A service that never got to end its own span is below the edge all the same.
      const least = part.opening === undefined ? 1 : 0
      const own = part.spans.filter(span => span.kind === 'server' || span.kind === 'consumer').map(depthOf)
      return [part, Math.max(least, ...own)]
    }),
  )
}

/** Nothing is received before it was sent: a part whose work seems to begin earlier is moved to where its caller began. */
export const skewOf = (parts: readonly IncidentPart[]): ReadonlyMap<IncidentPart, number> => {
  const spans = spansById(parts)
  return new Map(
    parts.map(part => {
      const lags = part.spans.flatMap(span => {
        const parent = spans.get(span.parent_id ?? '')
        const sameProcess = parent?.part.service === part.service && parent.part.instance === part.instance
        return parent === undefined || sameProcess ? [] : [parent.span.started_at - span.started_at]
      })
      return [part, Math.max(0, ...lags)]
    }),
  )
}
