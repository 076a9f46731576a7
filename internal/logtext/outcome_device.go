package logtext

import (
	"bytes"
	"strings"
)

// readAssignment reads the hub and the device in the line.
func (r *pass) readAssignment() {
	for _, h := range r.hits {
		switch h.key {
		case keyHubHost:
			r.readAssignedHub(h)
		case keyDeviceID:
			if r.told.device == "" {
				value, _, _ := settingValue(nil, r.text[h.end:min(len(r.text), h.end+maxValue)])
				r.told.device = deviceName(value)
			}
		}
	}
	if r.told.device == "" && (r.told.registered || r.told.hub != "") {
		r.told.device = deviceAfterWords(r.text)
	}
}

// assignments are the words before the name of a hub that say that it is the assigned one.
func assignments() []string {
	return []string{"registered to ", "assigned to ", "target uri set to 'mqtts://", "provisioned to "}
}

// readAssignedHub reads the name of a hub, and whether the words around it say that it is the assigned
// one. Some samples print only the device and the hub, each on its own line.
func (r *pass) readAssignedHub(h hit) {
	start := h.start
	for start > 0 && (isWordByte(r.text[start-1]) || r.text[start-1] == '-' || r.text[start-1] == '.') {
		start--
	}
	if start == h.start {
		return
	}
	r.told.hub = strings.ToLower(string(r.text[start:h.end]))
	before := strings.ToLower(string(r.text[max(0, start-64):start]))
	for _, words := range assignments() {
		if strings.HasSuffix(before, words) && !r.denied(hit{h.phrase, start - len(words), start}) {
			r.told.registered, r.told.device = true, assignedDevice(r.text[:start-len(words)], r.text[h.end:])
		}
	}
	if start == 0 && h.end == len(r.text) && len(r.bare) > 0 {
		if device := deviceName(string(r.bare)); device == string(r.bare) {
			r.told.registered, r.told.device = true, device
		}
	}
}

// assignedDevice reads the device in a line such as "Device d registered to HUB as d", from the text
// before the words of the assignment and after the hub.
func assignedDevice(before, after []byte) string {
	_, name, _ := strings.Cut(string(after), " as ")
	if device := deviceName(name); device != "" {
		return device
	}
	if front := strings.Fields(string(before)); len(front) > 1 && strings.EqualFold(front[len(front)-2], "device") {
		return deviceName(front[len(front)-1])
	}
	return ""
}

// deviceAfterWords reads the name of a device after the words that introduce it in a message of
// success.
func deviceAfterWords(line []byte) string {
	for _, words := range [...]string{"updated device info for ", "device is ", "for client ", "for device ", "devices/", "the device with id ", "authenticated "} {
		if i := indexFold(line, words); i >= 0 {
			if name := deviceName(string(line[i+len(words):])); name != "" {
				return name
			}
		}
	}
	return ""
}

// maxBare is the maximum length of a line that is only a name.
const maxBare = 128

// keepBare remembers a line that may be only a name.
func (r *pass) keepBare(line []byte) {
	r.bare = r.bare[:0]
	if len(line) > 0 && len(line) <= maxBare && bytes.IndexByte(line, ' ') < 0 {
		r.bare = append(r.bare, line...)
	}
}

// deviceName is the id of a device at the start of a text, without that of a module; "" if
// there is none.
func deviceName(text string) string {
	text = strings.TrimLeft(text, " '\"[")
	end := 0
	for end < len(text) && (isIDByte(text[end]) || strings.IndexByte("+%=@!*()$", text[end]) >= 0 && end > 0) {
		end++
	}
	name := strings.TrimRight(text[:end], ".:)!=")
	if len(name) < 2 || len(name) > 128 || isPlaceholder(name) || isRedacted(name) {
		return ""
	}
	switch strings.ToLower(name) {
	case "device", "the", "client", "module", "is", "not", "connected", "on", "with", "running", "registered", "assigned", "ready", "now", "a", "an", "true", "false", "id", "info":
		return ""
	}
	return name
}
