import { describe, expect, it } from 'vitest'
import { IncidentLedger } from './incident-ledger.ts'

const failure = (route: string, requestId = 'r') => ({ requestId, code: 'internal', route, fingerprint: 'f' })

describe('failures share an incident', () => {
  it('when they are of one code and route and within a second', () => {
    const ledger = new IncidentLedger(20)
    const first = ledger.enter(failure('a', 'one'), 0)
    const second = ledger.enter(failure('a', 'two'), 999)
    expect([first.isNew, second.isNew]).toEqual([true, false])
    expect(second.incident).toBe(first.incident)
    expect(second.incident).toMatchObject({ failures: 2, requestIds: new Set(['one', 'two']) })
    expect(ledger.enter(failure('b'), 999).incident).not.toBe(first.incident)
    expect(ledger.enter(failure('a'), 1_000).incident.incidentId).not.toBe(first.incident.incidentId)
  })

  it('when a second has seen as many as it may: the last one stands for all that follow', () => {
    const ledger = new IncidentLedger(3)
    const seen = Array.from({ length: 10 }, (_, number) => ledger.enter(failure(String(number)), number))
    const ids = seen.map(({ incident }) => incident.incidentId)
    expect(new Set(ids).size).toBe(3)
    expect(seen.filter(({ isNew }) => isNew)).toHaveLength(3)
    expect(seen[9]?.incident).toMatchObject({ overflow: true, failures: 8, route: '2' })
    expect(ledger.enter(failure('0'), 500).incident.incidentId).toBe(ids[0])
    expect(ledger.enter(failure('new'), 1_001).isNew).toBe(true)
  })

  it('and what it remembers is bounded', () => {
    const ledger = new IncidentLedger(2)
    const first = ledger.enter(failure('a'), 0).incident
    for (let number = 0; number < 500; number += 1) ledger.enter(failure('a', String(number)), 1)
    expect(first.failures).toBe(501)
    expect(first.requestIds.size).toBe(100)
  })
})
