/**
 * What can be wrong with a field, in English, by key. `{name}` marks a parameter. Texts and keys are those of Django REST
 * framework and Django where these have one. A further language is a second table with the same keys and parameters.
 */
const texts = {
  required: 'This field is required.',
  null: 'This field may not be null.',
  blank: 'This field may not be blank.',
  unknown_field: 'Unknown field.',
  no_data: 'No data provided',

  invalid: 'Invalid value.',
  invalid_string: 'Not a valid string.',
  invalid_integer: 'A valid integer is required.',
  invalid_boolean: 'Must be a valid boolean.',
  invalid_choice: 'Not a valid choice.',
  invalid_choice_named: '"{choice}" is not a valid choice.',
  invalid_list: 'Expected a list of items.',
  invalid_list_typed: 'Expected a list of items but got type "{type}".',
  invalid_object: 'Expected an object.',
  invalid_object_typed: 'Invalid data. Expected a dictionary, but got {type}.',
  invalid_uuid: 'Must be a valid UUID.',
  invalid_date: 'Date has wrong format. Use one of these formats instead: YYYY-MM-DD.',
  invalid_email: 'Enter a valid email address.',
  invalid_username: 'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.',
  invalid_pattern: 'This value does not match the required pattern.',

  incorrect_type: 'Incorrect type. Expected pk value, received {type}.',
  does_not_exist: 'Invalid pk "{pk}" - object does not exist.',

  min_value: 'Ensure this value is greater than or equal to {min}.',
  max_value: 'Ensure this value is less than or equal to {max}.',
  min_length: 'Ensure this field has at least {min} characters.',
  max_length: 'Ensure this field has no more than {max} characters.',
  max_number_length: 'String value too large.',
  empty_list: 'This list may not be empty.',
  max_items: 'Ensure this field has no more than {max} elements.',

  null_characters: 'Null characters are not allowed.',
  invisible_characters: 'Invisible characters are not allowed.',
  surrogate_characters: 'Surrogate characters are not allowed: U+{code}.',
  password_too_short: 'This password is too short. It must contain at least {min} characters.',
  password_entirely_numeric: 'This password is entirely numeric.'
} as const

type Texts = typeof texts
/** Names one text about a field. It stays the same in every language. */
export type FieldTextKey = keyof Texts

type ParameterNames<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterNames<Rest>
  : never
type Values<Names extends string> = [Names] extends [never]
  ? []
  : [values: Readonly<Record<Names, string | number | bigint>>]

/** The text of `key`, with `values` for its parameters. The compiler asks for exactly the parameters of that text. */
export function fieldText<Key extends FieldTextKey>(key: Key, ...values: Values<ParameterNames<Texts[Key]>>): string {
  const [byName = {}] = values as readonly Readonly<Record<string, string | number | bigint>>[]
  return texts[key].replaceAll(/\{(\w+)\}/g, (_, name: string) => String(byName[name]))
}
