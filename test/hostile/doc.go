// Package hostile makes what a hostile peer may send ([Source]). Its tests probe servers of a generator. Each is made
// from a number, its seed, which decides the transport, what the server does wrong and at which point of the
// registration. Up to that point it is an honest service: it passes everything on to the emulator and back.
//
// make test runs a few of them and make hostile 1,000. One is repeated with
//
//	go test ./test/hostile -tags hostile -run 'TestHostilePeers/peers/seed-17$' -v
package hostile
