// What a balancer knows: which members say that they are ready. It asks as often as a deployment's probe would at its quickest.
import type { FleetMember } from '../fleet-member.ts'

export interface Readiness {
  /** Ports of the members that were ready when last asked. */
  ports(): readonly number[]
  stop(): void
}

const probeEveryMs = 200
const probeTimeoutMs = 500

const isReady = (member: FleetMember): Promise<boolean> =>
  fetch(`${member.opsUrl}/readyz`, { signal: AbortSignal.timeout(probeTimeoutMs) }).then(
    response => response.ok,
    () => false,
  )

export const watchReadiness = (members: readonly FleetMember[]): Readiness => {
  const ready = new Set(members)
  const probe = async (member: FleetMember): Promise<void> => {
    if (await isReady(member)) ready.add(member)
    else ready.delete(member)
  }
  const asking = new Set<FleetMember>()
  const timer = setInterval(() => {
    for (const member of members) {
      if (asking.has(member)) continue
      asking.add(member)
      void probe(member).finally(() => asking.delete(member))
    }
  }, probeEveryMs)
  return { ports: () => [...ready].map(({ port }) => port), stop: () => clearInterval(timer) }
}
