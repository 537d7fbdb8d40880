import t from 'tap'
import { fieldText } from '../src/index.ts'

t.test('a text without parameters is said as it is', async t => {
  t.equal(fieldText('required'), 'This field is required.')
})

t.test('parameters stand in the text, whatever they contain', async t => {
  t.equal(fieldText('max_length', { max: 150 }), 'Ensure this field has no more than 150 characters.')
  t.equal(fieldText('does_not_exist', { pk: '{pk}' }), 'Invalid pk "{pk}" - object does not exist.')
  t.equal(fieldText('invalid_choice_named', { choice: "$& $' $1" }), `"$& $' $1" is not a valid choice.`)
})

t.test('a key is refused by the compiler without the parameters of its text', async t => {
  // @ts-expect-error max_length needs `max`
  t.match(fieldText('max_length'), 'undefined')
  // @ts-expect-error `min` is a parameter of another text
  t.match(fieldText('max_length', { min: 1 }), 'undefined')
})
