package h1

import "sync"

// bufferPool lends large buffers to connections while a large body streams, so
// that connections that carry small ones stay small.
type bufferPool struct{ pool sync.Pool }

func (p *bufferPool) get() *[]byte {
	if b, ok := p.pool.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, bigRead)
	return &b
}

func (p *bufferPool) put(b *[]byte) { p.pool.Put(b) }
