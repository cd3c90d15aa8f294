// A free port on the loopback interface. Below the range that the kernel gives to outgoing connections (from 32768 on Linux,
// 49152 on macOS), so that a server finds its port free again after a crash.
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const lowest = 20_000
const highest = 32_767
const attempts = 50

/** The error code of a failed bind, undefined when the port is free. 0.0.0.0 also meets listeners on single addresses. */
export const whyPortIsTaken = (port: number, host = '0.0.0.0'): Promise<string | undefined> =>
  new Promise(resolve => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)))
  })

/** Never one of `reserved`. Somebody may take the port before the caller binds it: be ready to ask again. */
export const freePort = async (reserved: ReadonlySet<number> = new Set()): Promise<number> => {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = randomInt(lowest, highest + 1)
    if (!reserved.has(port) && (await whyPortIsTaken(port)) === undefined) return port
  }
  throw new Error(`no free port was found between ${lowest} and ${highest}`)
}
