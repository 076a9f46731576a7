package dps

import "testing"

func TestMQTTNames(t *testing.T) {
	tests := map[string]struct{ got, want string }{
		"username":  {MQTTUsername("0ne0045B3C6", "dev-01", "2019-03-31"), "0ne0045B3C6/registrations/dev-01/api-version=2019-03-31"},
		"responses": {MQTTResponses, "$dps/registrations/res/#"},
		"register":  {MQTTRegisterTopic("7"), "$dps/registrations/PUT/iotdps-register/?$rid=7"},
		"status": {
			MQTTStatusTopic("8", "5.71cf7e385566aa10.4469ed4c-dc19-4af8-8b36-9ef6396ac1b3"),
			"$dps/registrations/GET/iotdps-get-operationstatus/?$rid=8&operationId=5.71cf7e385566aa10.4469ed4c-dc19-4af8-8b36-9ef6396ac1b3",
		},
		"status of an odd operation": {MQTTStatusTopic("8", "a&b/#+"), "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=8&operationId=a%26b%2F%23%2B"},
		"answer":                     {MQTTResponseTopic(200, "8", ""), "$dps/registrations/res/200/?$rid=8"},
		"answer with a pause":        {MQTTResponseTopic(202, "7", "3"), "$dps/registrations/res/202/?$rid=7&retry-after=3"},
	}
	for name, test := range tests {
		if test.got != test.want {
			t.Errorf("%s: %s, want %s", name, test.got, test.want)
		}
	}
}

func TestParseResponseTopic(t *testing.T) {
	type answer struct {
		Status          int
		RID, RetryAfter string
		OK              bool
	}
	tests := map[string]answer{
		"$dps/registrations/res/202/?$rid=7&retry-after=3":      {202, "7", "3", true},
		"$dps/registrations/res/401/?$rid=1":                    {401, "1", "", true},
		"$dps/registrations/res/429/?Retry-After=10&$rid=1&x=y": {429, "1", "10", true},
		"$dps/registrations/res/200/?$rid=7=8&retry-after":      {200, "7=8", "", true},
		"$dps/registrations/res/202/?retry-after=3":             {},
		"$dps/registrations/res/202/?$rid=":                     {},
		"$dps/registrations/res/202":                            {},
		"$dps/registrations/res/2020/?$rid=7":                   {},
		"$dps/registrations/res/+20/?$rid=7":                    {},
		"$dps/registrations/res/099/?$rid=7":                    {},
		"$dps/registrations/PUT/iotdps-register/?$rid=7":        {},
		"": {},
	}
	for topic, want := range tests {
		var got answer
		got.Status, got.RID, got.RetryAfter, got.OK = ParseResponseTopic(topic)
		if got != want {
			t.Errorf("%q: %+v, want %+v", topic, got, want)
		}
	}
}

// FuzzParseResponseTopic: the parts of a parsed topic make a topic with the same parts, and
// a topic that cannot be parsed has no parts.
func FuzzParseResponseTopic(f *testing.F) {
	f.Add("$dps/registrations/res/202/?$rid=7&retry-after=3")
	f.Add("$dps/registrations/res/401/?$rid=1")
	f.Add("$dps/registrations/res/429/?RETRY-AFTER=&$rid=a=b&$rid=c")
	f.Fuzz(func(t *testing.T, topic string) {
		status, rid, retryAfter, ok := ParseResponseTopic(topic)
		if !ok {
			if status != 0 || rid != "" || retryAfter != "" {
				t.Fatalf("rejected, but with %d %q %q", status, rid, retryAfter)
			}
			return
		}
		written := MQTTResponseTopic(status, rid, retryAfter)
		s, r, p, again := ParseResponseTopic(written)
		if !again || s != status || r != rid || p != retryAfter {
			t.Fatalf("%q is written as %q, which says %d %q %q %v", topic, written, s, r, p, again)
		}
	})
}
