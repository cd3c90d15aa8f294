// `npm run janitor -- --once …` as a process, as an operator runs it.
import { spawn } from 'node:child_process'
import { join } from 'node:path'

export interface Ran {
  readonly code: number | null
  readonly output: string
}

const script = join(import.meta.dirname, '..', '..', 'commands', 'janitor.ts')

export const runJanitor = async (environment: Readonly<Record<string, string>>, ...args: string[]): Promise<Ran> => {
  const env = { PATH: process.env['PATH'] ?? '', ...environment }
  const child = spawn(process.execPath, [script, ...args], { env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | null>(resolve => void child.on('close', resolve))
  return { code, output }
}
