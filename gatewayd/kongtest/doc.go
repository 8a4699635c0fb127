// Package kongtest holds the gateway to what Kong 3.9.1 does with the same
// kong.yml: whole files, raw requests, and what client and upstream then see.
// Every row names where in Kong's source, its tests or its nginx (1.25.3, with
// Kong's patches) its expectation comes from.
package kongtest
