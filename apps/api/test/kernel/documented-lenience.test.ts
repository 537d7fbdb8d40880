import { LoginRequest, ProfileUpdate } from '@rendezvous/contract'
import t from 'tap'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { bodyReader, type ObjectSchema } from '../../src/kernel/input/body.ts'
import { lenientBody, lenientField, type Place } from '../../src/kernel/input/lenience.ts'
import { form } from './bodies.ts'

t.test('the document accepts the digits of an id up to its maximum only', async t => {
  const documented = (field: object, place: Place) => Compile(lenientField('n', field, place) as TSchema)
  const id = documented({ type: 'integer', minimum: 1, maximum: 2_147_483_647 }, 'json')
  const number = documented({ type: 'integer' }, 'query')
  for (const text of ['1', '9', '10', ' +007 ', '12.0', '999999999', '1999999999', '2147483640', '2147483647'])
    t.ok(id.Check(text), text)
  for (const text of [
    '',
    '0',
    '-1',
    '00',
    '2147483648',
    '2147483650',
    '2200000000',
    '3000000000',
    '10000000000',
    '1e3'
  ])
    t.notOk(id.Check(text), text)
  for (const text of ['0', '-9007199254740991', '9007199254740991']) t.ok(number.Check(text), text)
  for (const given of ['9007199254740992', 2 ** 53]) t.notOk(number.Check(given), String(given))
})

t.test(
  'the document refuses a text with characters that a reader refuses, and accepts an empty text only where a reader does',
  async t => {
    const documented = (schema: unknown, place: 'json' | 'form') =>
      Compile(lenientBody(schema as ObjectSchema, place) as TSchema)
    t.notOk(documented(ProfileUpdate, 'json').Check({ bio: 'a\0b' }))
    t.notOk(documented(LoginRequest, 'json').Check({ username: 'ann', password: ' \n ' }))
    for (const day of ['2000-2-9', '2001-12-3', '1999-04-30'])
      t.ok(documented(ProfileUpdate, 'json').Check({ birth_date: day }), day)
    for (const day of ['2001-2-29', '2001-4-31', '2001-13-1', '2001-0-1'])
      t.notOk(documented(ProfileUpdate, 'json').Check({ birth_date: day }), day)
    for (const [body, isAccepted] of [
      [{ username: '' }, false],
      [{ bio: '' }, true],
      [{ birth_date: '' }, true]
    ] as const) {
      t.equal(documented(ProfileUpdate, 'form').Check(body), isAccepted, JSON.stringify(body))
      t.equal(
        'error' in bodyReader(ProfileUpdate as unknown as ObjectSchema, true)(form(...Object.entries(body))),
        !isAccepted
      )
    }
  }
)
