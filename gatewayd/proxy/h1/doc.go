// Package h1 carries HTTP/1.1 on both sides of the proxy, over net.Conn: a
// server for clients and a transport to upstream targets.
//
// It is our own and not fasthttp's or net/http's, for what the gateway has to
// hold and they do not:
//
//   - A client that leaves ends the exchange, down to the upstream's connection
//     (fasthttp cannot see it; net/http pays a goroutine a request for it, here
//     one is started only when an upstream takes longer than a moment).
//   - Answers may begin before the request has ended (full duplex), trailers pass
//     both ways, server-sent events are flushed when the upstream pauses.
//   - Names keep their case and fields their order, as a client wrote them and as
//     Kong's nginx passes them; both libraries reorder or respell.
//   - Strictness: a request that could be read in two ways is refused, an answer
//     that broke off is never made to look whole. That needs the raw bytes.
//   - Cost: one goroutine a connection, heads cut out of one string, bodies
//     handed through without copying; as much as a lean server of C takes.
//
// Nothing above this package sees its types: package proxy knows Downstream,
// Transport and Answer.
package h1
