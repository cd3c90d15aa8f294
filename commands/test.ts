// `npm test`: the whole suite, or the files named; options go to vitest. Ends with one line that counts.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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

const directory = await mkdtemp(join(tmpdir(), 'cairn-test-report-'))
try {
  const reportFile = join(directory, 'report.json')
  process.exitCode = await runVitest(reportFile)
  const text = await readFile(reportFile, 'utf8').catch(() => undefined)
  if (text !== undefined) {
    const report = JSON.parse(text) as Report
    process.stdout.write(`${report.numPassedTests} passed, ${report.numFailedTests} failed\n`)
  }
} finally {
  await rm(directory, { recursive: true, force: true })
}
