// Runs a helper program (apt-get, initdb, docker, …) to its end. Not for servers: those go through the ledger.
import { execFile } from 'node:child_process'

export interface ToolOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly directory?: string
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ToolResult {
  readonly succeeded: boolean
  /** Both outputs, for parsing and for messages. */
  readonly stdout: string
  readonly stderr: string
}

/** Never throws for a program that fails or is absent, only for an abort. */
export const runTool = (command: string, args: readonly string[], options: ToolOptions): Promise<ToolResult> =>
  new Promise((resolve, reject) => {
    const { env, directory = '/', user, signal } = options
    execFile(
      command,
      [...args],
      {
        env: { ...env },
        cwd: directory,
        maxBuffer: 16 * 1024 * 1024,
        ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
        ...(signal === undefined ? {} : { signal }),
      },
      (error, stdout, stderr) => {
        if (signal?.aborted === true) reject(signal.reason as Error)
        else resolve({ succeeded: error === null, stdout, stderr: stderr || (error?.message ?? '') })
      },
    )
  })

/** The last line that says something, for a message. */
export const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
