// Package uri brings the path of a request into the one form in which routes
// match it and upstreams receive it, as Kong does (kong/tools/uri.lua and
// kong/router/utils.lua, 3.9.1), so that no spelling of a path walks round a
// route or a plugin.
package uri
