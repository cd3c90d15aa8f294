// The whole suite: rules beside their files, services on real servers, flows in e2e/, and a run of seconds
// of every benchmark: their figures have a command of their own.
import { defineConfig } from 'vitest/config'

// What needs more than this machine has runs by itself: `npm run test:browser`, `npm run test:compose`.
const kinds = process.env['TEST_KIND'] ?? '{test,e2e}'

export default defineConfig({
  test: {
    include: [`{libs,services,deploy,commands,e2e,bench}/**/*.${kinds}.ts`],
    exclude: ['**/node_modules/**', '.local/**'],
    globalSetup: ['libs/testkit/src/global-setup.ts'],
    // Servers named by a URL are shared by all files, so files take turns; private ones are one set per file.
    fileParallelism: !process.env['NATS_URL'],
    maxWorkers: 3,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    coverage: {
      provider: 'v8',
      include: ['services/*/src/**/*.ts', 'libs/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/src/main.ts', '**/generated/**'],
      reporter: ['text-summary', 'json-summary', 'lcovonly'],
      reportsDirectory: 'coverage',
      thresholds: { branches: 80, functions: 80, lines: 80, statements: 80 },
    },
  },
})
