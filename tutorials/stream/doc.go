// Package stream hears what the gateways of a sandbox tell of requests, and gives
// each answer its event.
//
// Gateways come, go and are started anew while somebody listens: a stream that
// breaks is taken up again by itself, instances that come are listened to, and what
// was not heard meanwhile is counted and told. Events have no history to go on from
// (gatewayd keeps none for listeners that are away), so what is lost stays lost.
package stream
