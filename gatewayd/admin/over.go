package admin

import (
	"context"
	"net"
	"net/http"
)

// NewClientOver returns a client that reaches the listener by dial, where its
// address cannot be reached from here: that of a pod, for instance. address is
// what requests name as their host, and what errors say.
func NewClientOver(address, token string, dial func(ctx context.Context, network, address string) (net.Conn, error)) *Client {
	return &Client{Address: address, Token: token, http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: dial}}}
}
