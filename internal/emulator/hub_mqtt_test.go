package emulator

import (
	"strings"
	"testing"

	"dpsdiag/internal/dps"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// The answers to a CONNECT to the hub.
func TestHubConnect(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	newClient(t, e.Device()).enter().want(t, assigned)
	username := func(name string) func(*packets.ConnectPacket) {
		return func(p *packets.ConnectPacket) { p.Username = name }
	}
	const device = "/" + keyDevice
	for name, test := range map[string]struct {
		edit func(*packets.ConnectPacket)
		want string
	}{
		"as it should be":         {func(*packets.ConnectPacket) {}, "CONNACK 0"},
		"session to come back to": {func(p *packets.ConnectPacket) { p.CleanSession = false }, "CONNACK 0"},
		"client type":             {username(e.hub() + device + "/?api-version=2021-04-12&DeviceClientType=a%2fb%20(c; d)"), "CONNACK 0"},
		"model":                   {username(e.hub() + device + "/?api-version=2021-04-12&model-id=dtmi:com:example:T;1"), "CONNACK 0"},
		"version last":            {username(e.hub() + device + "/?DeviceClientType=a&api-version=2021-04-12"), "CONNACK 0"},
		"no question mark":        {username(e.hub() + device + "/api-version=2016-11-14"), "CONNACK 0"},
		"no version":              {username(e.hub() + device), "CONNACK 0"},
		"nothing after a slash":   {username(e.hub() + device + "/"), "CONNACK 0"},
		"hub without the port":    {username("localhost" + device + "/?api-version=2021-04-12"), "CONNACK 0"},
		"hub in upper case":       {username("LocalHost" + device + "/?api-version=2021-04-12"), "CONNACK 0"},
		"MQTT 5":                  {func(p *packets.ConnectPacket) { p.ProtocolVersion = 5 }, "CONNACK 1"},
		"another client id":       {func(p *packets.ConnectPacket) { p.ClientIdentifier = groupDevice }, "CONNACK 2"},
		"client id in upper case": {func(p *packets.ConnectPacket) { p.ClientIdentifier = strings.ToUpper(keyDevice) }, "CONNACK 2"},
		"no user name":            {func(p *packets.ConnectPacket) { p.UsernameFlag, p.Username, p.PasswordFlag = false, "", false }, "CONNACK 4"},
		"the hub alone":           {username(e.hub()), "CONNACK 4"},
		"no hub":                  {username(device), "CONNACK 4"},
		"a module":                {username(e.hub() + device + "/module/?api-version=2021-04-12"), "CONNACK 4"},
		"of the provisioning":     {username(dps.Resource(defaultScope, keyDevice) + "/api-version=2019-03-31"), "CONNACK 4"},
		"another hub":             {username(strangeHub + device + "/?api-version=2021-04-12"), "CONNACK 5"},
		"another port":            {username("localhost:1" + device + "/?api-version=2021-04-12"), "CONNACK 5"},
		"no password":             {func(p *packets.ConnectPacket) { p.PasswordFlag, p.Password = false, nil }, "CONNACK 5"},
	} {
		t.Run(name, func(t *testing.T) { // one after the other: they are connections of one device
			r := dialHubMQTT(t, e)
			r.send(r.hubConnect(e, test.edit))
			r.want(test.want)
			if test.want != "CONNACK 0" {
				r.want("EOF")
			}
		})
	}
}

// hubPublish is a message of a device, to the hub's topics.
func hubPublish(qos byte, topic, body string) packets.ControlPacket {
	p := publish(qos, "", body).(*packets.PublishPacket)
	p.TopicName = topic
	return p
}

// The packets of a connected device.
func TestHubConversation(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	newClient(t, e.Device()).enter().want(t, assigned)
	r := enterHubMQTT(t, e)
	own := "devices/" + keyDevice
	r.send(hubPublish(0, "$iothub/twin/GET/?$rid=0", "")) // not subscribed, so no answer
	r.subscribe(2, own+"/messages/devicebound/#", "$iothub/methods/POST/#", "$iothub/twin/PATCH/properties/desired/#", "$iothub/twin/res/#")
	r.want("SUBACK [1 1 1 1]")
	r.subscribe(0, "devices/"+groupDevice+"/messages/devicebound/#", "#", "$dps/registrations/res/#", "$iothub/twin/res/#")
	r.want("SUBACK [128 128 128 0]")

	r.send(hubPublish(1, own+"/messages/events/", "21.5 degrees"))
	r.want("PUBACK 9")
	r.send(hubPublish(0, own+"/messages/events/a=b&%24.ct=text", "21.5 degrees"))
	r.send(hubPublish(0, "$iothub/methods/res/200/?$rid=1", "{}"))
	r.send(hubPublish(0, "$iothub/twin/GET/?$rid=a-b", " "))
	if got := r.want("PUBLISH QoS 0 $iothub/twin/res/200/?$rid=a-b"); got != `{"desired":{"$version":1},"reported":{"$version":1}}` {
		t.Errorf("twin %s", got)
	}
	r.send(hubPublish(1, "$iothub/twin/PATCH/properties/reported/?$rid=2", `{"a":1}`))
	if got := r.want("PUBACK 9", "PUBLISH QoS 0 $iothub/twin/res/204/?$rid=2&$version=1"); got != "" {
		t.Errorf("body %q of the answer to a report", got)
	}
	r.send(packets.NewControlPacket(packets.Pingreq))
	r.want("PINGRESP")
	r.send(packets.NewControlPacket(packets.Disconnect))
	r.want("EOF")
	again := enterHubMQTT(t, e)
	again.send(hubPublish(1, own+"/messages/events/", strings.Repeat("a", maxHubMessage)))
	again.want("PUBACK 9")
}

// What ends a connection to the hub.
func TestHubEndsConnection(t *testing.T) {
	t.Parallel()
	for name, packet := range map[string]packets.ControlPacket{
		"QoS 2":                     hubPublish(2, "devices/"+keyDevice+"/messages/events/", ""),
		"telemetry of another":      hubPublish(0, "devices/"+groupDevice+"/messages/events/", ""),
		"no topic of the hub":       hubPublish(0, "room/7", ""),
		"a registration":            publish(0, registerOne, "{}"),
		"twin of another shape":     hubPublish(0, "$iothub/twin/PUT/?$rid=1", ""),
		"more than a message holds": hubPublish(0, "devices/"+keyDevice+"/messages/events/", strings.Repeat("a", maxHubPacket)),
		"a second CONNECT":          packets.NewControlPacket(packets.Connect),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := begin(t, Config{})
			newClient(t, e.Device()).enter().want(t, assigned)
			r := enterHubMQTT(t, e)
			_ = packet.Write(r.conn) // the hub may have closed the connection
			r.want("EOF")
		})
	}
}
