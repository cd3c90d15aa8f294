// The reference page in a real browser that reaches nothing but the gateway: it shows every operation, and has nothing to complain of.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildDocument } from '../src/openapi/document.ts'
import { startEdge, type Edge } from './edge.ts'

const screenshots = join(import.meta.dirname, '..', '..', '..', '.local', 'screenshots')
let edge: Edge
let browser: Browser

beforeAll(async () => {
  mkdirSync(screenshots, { recursive: true })
  edge = await startEdge()
  // Root may not have a sandbox, and the only page opened is ours.
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  })
})
afterAll(async () => {
  await browser.close()
  await edge.stop()
})

describe('/docs', () => {
  it(
    'shows every operation, opens one, asks nobody else, and leaves the console empty',
    { timeout: 60_000 },
    async () => {
      const page = await browser.newPage({ viewport: { width: 1_200, height: 1_600 } })
      const complaints: string[] = []
      const elsewhere: string[] = []
      page.on('console', message => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
      })
      page.on('pageerror', error => complaints.push(error.message))
      page.on('requestfailed', request => complaints.push(`${request.url()}: ${request.failure()?.errorText ?? ''}`))
      page.on('request', request => {
        if (!request.url().startsWith(edge.url) && !request.url().startsWith('data:')) elsewhere.push(request.url())
      })
      await page.goto(`${edge.url}/docs`)
      await page.locator('.opblock').first().waitFor()
      const operations = Object.values(buildDocument().paths).flatMap(methods => Object.keys(methods))
      expect(await page.locator('.opblock').count()).toBe(operations.length)
      expect(await page.title()).toBe('Cairn: API reference')
      await page.screenshot({ path: join(screenshots, 'reference.png') })
      await page.getByText('Send events').click()
      await page.getByText('A batch of events for a receipt each.').waitFor()
      await page.screenshot({ path: join(screenshots, 'reference-operation.png') })
      expect(complaints).toEqual([])
      expect(elsewhere).toEqual([])
      await page.close()
    },
  )
})
