// Package h2 carries HTTP/2 from clients, in clear text by prior knowledge
// (RFC 9113, 3.3), on connections that package h1 hands over when they begin
// with the preface of HTTP/2. The frames are net/http's; this package joins its
// streams to the proxy.
package h2
