// Bare Fastify as a process of its own: the baseline of everything that goes through the gateway.
import { freePort } from '@cairn/local'
import { startProcess, type BenchProcess } from './child-process.ts'

export interface BareServerOptions {
  readonly route: string
  /** JSON schema of the body. */
  readonly body: object
  readonly answer: object
}

export const startBareServer = async (
  root: string,
  { route, body, answer }: BareServerOptions,
): Promise<BenchProcess & { readonly url: string }> => {
  const port = String(await freePort())
  const url = `http://127.0.0.1:${port}`
  const environment = { PORT: port, ROUTE: route, BODY: JSON.stringify(body), ANSWER: JSON.stringify(answer) }
  const script = 'services/gateway/bench/bare-server.ts'
  return { url, ...(await startProcess(root, { script, environment, readyUrl: `${url}/readyz` })) }
}
