// What is left of text that people and devices name themselves by.
import { expect, it } from 'vitest'
import { displayText } from './display-text.ts'

it.each([
  ['Anna', 'Anna'],
  [' Anna\u0000\r\nB ', 'AnnaB'],
  ['\u0000\u0007', null],
  ['', null],
  [undefined, null],
  ['\ud800x', '\ufffdx'],
  ['👩‍🚀', '👩‍🚀'],
])('displayText(%j) is %j', (given, shown) => {
  expect(displayText(given)).toBe(shown)
})
