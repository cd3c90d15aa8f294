// `npm test`: the whole suite, or the files named; options go to vitest. Ends with one line that counts.
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDirectory, personMessage, removeTestDirectory } from '@cairn/local'

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numFailedTestSuites: number
}

const root = join(import.meta.dirname, '..')

const runVitest = (reportFile: string): Promise<number> =>
  new Promise(resolve => {
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
    const options = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
    const child = spawn(process.execPath, [vitest, ...options, ...process.argv.slice(2)], {
      cwd: root,
      stdio: 'inherit',
    })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
    process.on('disconnect', () => child.kill('SIGTERM'))
    process.channel?.unref()
    child.on('close', code => resolve(code ?? 1))
  })

const runInto = async (directory: string): Promise<void> => {
  const reportFile = join(directory, 'report.json')
  process.exitCode = await runVitest(reportFile)
  const text = await readFile(reportFile, 'utf8').catch(() => undefined)
  if (text === undefined) return
  const report = JSON.parse(text) as Report
  process.stdout.write(`${report.numPassedTests} passed, ${report.numFailedTests} failed\n`)
}

try {
  // The next run sweeps what a killed one leaves there.
  const directory = createTestDirectory(join(root, '.local'))
  try {
    await runInto(directory)
  } finally {
    await removeTestDirectory(directory)
  }
} catch (error) {
  process.stderr.write(`${personMessage(error)}\n`)
  process.exitCode = 1
}
