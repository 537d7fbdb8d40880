import { Type } from 'typebox'

const MediaTypes = Type.Array(Type.String())

/** The answer to OPTIONS: Django REST framework's metadata of the path. The methods are in the header `Allow`. */
export const Metadata = Type.Object(
  { name: Type.String(), description: Type.String(), renders: MediaTypes, parses: MediaTypes },
  { $id: 'Metadata' }
)
