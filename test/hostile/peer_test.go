package hostile_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
	"dpsdiag/test/hostile"
)

// layer is where a peer departs from the protocol.
type layer int

const (
	inTCP    layer = iota // the peer does not speak TLS
	inTLS                 // the handshake is wrong
	inCipher              // the bytes of an honest connection are cut or changed
	inPlain               // what is sent inside TLS is wrong
)

// ending is what a peer does after its trick.
type ending int

const (
	stall     ending = iota // nothing more, until the device closes the connection
	hangUp                  // close the connection in order
	reset                   // abort the connection
	halfClose               // close one direction, and go on reading
	goOn                    // go on as if nothing had happened
)

// peer is a hostile server.
type peer struct {
	seed      uint64
	transport probe.Transport
	trick     trick
	// at is the number of the message, or of the connection, with which the trick is done; cut is
	// how much of the honest message comes before it, in bytes.
	at, cut int
	then    ending

	upstream string // the address of the emulator for the transport
	service  *service

	listener net.Listener
	count    atomic.Int64 // of messages, or of connections
	open     sync.WaitGroup
	mu       sync.Mutex
	rng      *rand.Rand
	seen     []byte // what the device has sent last
}

// newPeer makes the peer of a seed.
func newPeer(seed uint64, service *service) *peer {
	rng := rand.New(rand.NewPCG(seed, 1))
	transport := probe.Transports()[rng.IntN(len(probe.Transports()))]
	fitting := tricksFor(transport.ID())
	p := &peer{
		seed: seed, transport: transport, trick: fitting[rng.IntN(len(fitting))], then: ending(rng.IntN(int(goOn) + 1)), rng: rng,
		service: service, upstream: service.address(transport.ID()),
	}
	p.at = rng.IntN(p.trick.places(transport.ID()))
	p.cut = rng.IntN(200)
	return p
}

// String says what a peer does.
func (p *peer) String() string {
	return fmt.Sprintf("seed %d: over %s, %s at %d after %d bytes, then %d", p.seed, p.transport.ID(), p.trick.name, p.at, p.cut, p.then)
}

// start listens on a free port.
func (p *peer) start(t *testing.T) dps.Endpoint {
	t.Helper()
	var err error
	if p.listener, err = new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	p.open.Go(func() {
		for {
			conn, err := p.listener.Accept()
			if err != nil {
				return
			}
			p.open.Go(func() { p.serve(conn) })
		}
	})
	endpoint, err := dps.ParseEndpoint(p.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return endpoint
}

// close reports whether every connection ends without the peer's doing: the device has closed all of them.
func (p *peer) close(within time.Duration) bool {
	_ = p.listener.Close()
	closed := make(chan struct{})
	go func() {
		p.open.Wait()
		close(closed)
	}()
	select {
	case <-closed:
		return true
	case <-time.After(within):
		return false
	}
}

// serve serves one connection of a device, until the device closes it.
func (p *peer) serve(conn net.Conn) {
	defer conn.Close()
	mine := p.trick.layer == inPlain || int(p.count.Add(1)-1) == p.at
	switch {
	case !mine, p.trick.layer == inCipher:
		p.relay(conn, conn, p.dialTCP, mine)
	case p.trick.layer == inTCP:
		gone := p.listen(conn, nil)
		p.perform(conn, conn, nil)
		<-gone
	default:
		config := p.service.config
		if p.trick.layer == inTLS {
			config = p.trick.config
		}
		shown, err := config(p.service)
		if err != nil {
			panic(err)
		}
		secure := tls.Server(conn, shown)
		if secure.Handshake() != nil { // the client may not agree
			_, _ = io.Copy(io.Discard, conn)
			return
		}
		p.relay(conn, secure, p.dialTLS, p.trick.layer == inPlain)
	}
}

func (p *peer) dialTCP() (net.Conn, error) { return net.Dial("tcp", p.upstream) }

func (p *peer) dialTLS() (net.Conn, error) { return tls.Dial("tcp", p.upstream, p.service.trusted) }

// relay passes on what the device and the emulator send, and does the trick if it is its turn. conn is the TCP
// connection below device.
func (p *peer) relay(conn, device net.Conn, dial func() (net.Conn, error), armed bool) {
	upstream, err := dial()
	if err != nil {
		return
	}
	defer upstream.Close()
	gone := p.listen(device, upstream)
	defer func() { <-gone }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := upstream.Read(buffer)
		chunk := buffer[:n]
		switch {
		case n > 0 && armed && (p.trick.layer == inCipher || int(p.count.Add(1)-1) == p.at):
			armed = p.trick.layer != inCipher
			if !p.perform(conn, device, chunk) {
				return
			}
		case n > 0:
			_, _ = device.Write(chunk) // the device may be gone
		}
		if err != nil {
			closeWrite(device)
			return
		}
	}
}

// listen reads what the device sends and passes it on. The channel is closed when the device has closed the connection.
func (p *peer) listen(device net.Conn, upstream io.WriteCloser) <-chan struct{} {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if upstream != nil {
			defer upstream.Close() // which ends the other direction
		}
		buffer := make([]byte, 32<<10)
		for {
			n, err := device.Read(buffer)
			if n > 0 {
				p.mu.Lock()
				p.seen = append(p.seen[:0], buffer[:n]...)
				p.mu.Unlock()
			}
			if upstream != nil && n > 0 {
				_, _ = upstream.Write(buffer[:n]) // the emulator may have refused the device
			}
			if err != nil {
				return
			}
		}
	}()
	return gone
}

// perform does the trick in place of an honest message, and reports whether the peer goes on.
func (p *peer) perform(conn, device net.Conn, chunk []byte) bool {
	p.mu.Lock()
	rng := rand.New(rand.NewPCG(p.rng.Uint64(), 2))
	p.mu.Unlock()
	p.trick.send(device, &turn{rng, hostile.Source{Rand: rng, Secrets: p.secrets()}, chunk, p.cut, p.transport.ID()})
	switch p.then {
	case hangUp:
		_ = device.Close()
	case reset:
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	case halfClose:
		closeWrite(device)
	case goOn:
		return true
	case stall:
	}
	return false
}

func closeWrite(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // the device may be gone
	}
}

// secrets is what a peer knows of the device's token.
func (p *peer) secrets() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(regexp.MustCompile(`SharedAccessSignature[ +][!-~]+`).Find(p.seen))
}
