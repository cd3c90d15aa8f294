import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Slots } from './slots.ts'

it('holds what was added and not removed, each under a number of its own', () => {
  const steps = fc.array(fc.oneof(fc.constant('add' as const), fc.nat(30)), { maxLength: 200 })
  fc.assert(
    fc.property(steps, taken => {
      const slots = new Slots<{ readonly name: number }>()
      const model = new Map<number, { readonly name: number }>()
      taken.forEach((step, name) => {
        if (step === 'add') {
          const one = { name }
          const slot = slots.add(one)
          if (model.has(slot)) throw new Error(`${slot} is taken`)
          model.set(slot, one)
        } else {
          slots.remove(step)
          model.delete(step)
        }
        expect(slots.size).toBe(model.size)
      })
      expect(new Set(slots.values())).toEqual(new Set(model.values()))
      for (const [slot, one] of model) expect(slots.get(slot)).toBe(one)
      // As many places as were ever taken at once.
      expect(slots.get(taken.length)).toBe(undefined)
    }),
  )
})

it('uses the places of what is gone', () => {
  const slots = new Slots<object>()
  const numbers = Array.from({ length: 1_000 }, () => {
    const number = slots.add({})
    slots.remove(number)
    return number
  })
  expect(new Set(numbers)).toEqual(new Set([0]))
})
