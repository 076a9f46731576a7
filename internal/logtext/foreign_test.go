package logtext

import "testing"

// TestRequestsOfOtherServices: a status that a server gives to a request for a page says nothing about a
// device, and one of DPS, of a hub, of a device's own services and of a webhook does.
func TestRequestsOfOtherServices(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"GET /index.html 404 not found":                               true,
		"GET / -> 401":                                                true,
		"GET /favicon.ico 401 Unauthorized":                           true,
		"POST /login HTTP/1.1 401":                                    true,
		"[12:00:01] DELETE /items/99: status=403 Forbidden":           true,
		"GET /index.html 200":                                         false,
		"GET /index.html":                                             false,
		"GET /index.html 40412":                                       false,
		"TARGET /index.html 404":                                      false,
		"GET /index.html, a page of 4040 bytes":                       false,
		"PUT /0ne0045B3C6/registrations/sensor-17/register 404":       false,
		"PUT /registrations/d1?api-version=2019-03-31 401":            false,
		"POST /devices/dev-01/messages/events 401 Unauthorized":       false,
		"GET /identities/device?api-version=2020-09-01 404 Not Found": false,
		"PUT /enrollments/dev01 412 Precondition Failed":              false,
		"POST /api 500":                                               false,
		"POST /api/DpsAllocation 500":                                 false,
		"POST /.well-known/est/simpleenroll 401":                      false,
	} {
		if got := answersForeignRequest([]byte(line)); got != want {
			t.Errorf("%q: %t, want %t", line, got, want)
		}
	}
}
