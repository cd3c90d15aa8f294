// What both bare servers share: being asked to emit at a rate, and weighing.
import type { IncomingMessage, Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const tickMs = 5

const emit = async (perSecond: number, durationMs: number, emitOne: () => void): Promise<number> => {
  const startedAt = performance.now()
  let sent = 0
  for (; ; await sleep(tickMs)) {
    const elapsedMs = performance.now() - startedAt
    for (; sent < (Math.min(elapsedMs, durationMs) / 1_000) * perSecond; sent += 1) emitOne()
    if (elapsedMs >= durationMs) return sent
  }
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** Listens on PORT. `prepare` is given the body once, and gives back what sends it to the next socket. */
export const serveEmissions = (server: Server, prepare: (body: string) => () => void): void => {
  server.on('request', (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server')
    if (pathname === '/readyz') response.end()
    if (pathname !== '/emit') return
    const numberOf = (name: string): number => Number(searchParams.get(name))
    void bodyOf(request)
      .then(body => emit(numberOf('perSecond'), numberOf('durationMs'), prepare(body)))
      .then(sent => response.end(String(sent)))
  })
  process.on('SIGUSR2', () => globalThis.gc?.())
  process.on('SIGTERM', () => process.exit(0))
  server.listen(Number(process.env['PORT']), '127.0.0.1')
}
