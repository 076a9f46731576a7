package logtext

import "testing"

func TestDateOf(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]date{
		"2024-05-01T08:00:00Z text":                                       {2024, 5, 1},
		"1970/1/1 00:00:04 [ERROR] text":                                  {1970, 1, 1},
		"5/20/2019 10:06:16 PM info: text":                                {2019, 0, 0},
		"Error: Time:Thu Jan 1 00:00:12 1970 File:x.c Func:f Line:1 text": {1970, 1, 1},
		"aziot[1]: 2029-10-18T16:31:26.86+03:00 text":                     {2029, 10, 18},
		`{"time":"2024-05-01T08:00:00Z","msg":"x"}`:                       {2024, 5, 1},
		`{"errorCode":401002,"timestampUtc":"2019-08-23T09:17:53Z"}`:      {},
		"OperationId: 4.46 - Date: 2020-02-20T14:27:58Z - Msg: x":         {},
		"/0ne/registrations/d/register?api-version=2019-03-31 HTTP":       {},
		"E (5036) MQTT_CLIENT: text":                                      {},
		"version 10.0.2021":                                               {},
		"May 1 08:00:00 host app: text":                                   {},
		"":                                                                {},
	} {
		if got := dateOf([]byte(line)); got != want {
			t.Errorf("dateOf(%q) = %v, want %v", line, got, want)
		}
	}
}
