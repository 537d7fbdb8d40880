import { Type } from 'typebox'

const MediaTypes = Type.Array(Type.String())

/** What OPTIONS answers of a path, as Django REST framework's metadata; which methods there are stands in `Allow`. */
export const Metadata = Type.Object(
  { name: Type.String(), description: Type.String(), renders: MediaTypes, parses: MediaTypes },
  { $id: 'Metadata' }
)
