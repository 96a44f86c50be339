// The servers that are compared over HTTP.

import type { CallScheme } from './load.ts'

/** What stands before the route. */
export type ServerKind =
  | 'nothing'
  | 'jose, bearer only'
  | 'Countersign'
  | 'by hand'
  | 'jose by hand'
  | 'oauth4webapi'
  | 'express-oauth2-jwt-bearer'

/** How each is called. */
export const schemes: Readonly<Record<ServerKind, CallScheme>> = {
  nothing: 'none',
  'jose, bearer only': 'bearer',
  Countersign: 'dpop',
  'by hand': 'dpop',
  'jose by hand': 'dpop',
  oauth4webapi: 'dpop',
  'express-oauth2-jwt-bearer': 'dpop',
}
