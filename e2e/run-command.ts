// One of the project's commands as a process, as an operator runs it.
import { spawn } from 'node:child_process'
import { join } from 'node:path'

export interface Ran {
  readonly code: number | null
  readonly output: string
}

export const runCommand = async (
  name: 'account' | 'incident' | 'janitor' | 'new-epoch' | 'realtime' | 'rebuild' | 'rotate-keys',
  environment: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<Ran> => {
  const env = { PATH: process.env['PATH'] ?? '', ...environment }
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'commands', `${name}.ts`), ...args], { env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | null>(resolve => void child.on('close', resolve))
  return { code, output }
}
