package inspect

import (
	"strconv"
	"strings"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/service"
)

// enrolledKey is a key of an enrollment.
type enrolledKey struct {
	which string
	dps.Key
	text dps.Secret
}

// keysOf are the keys of an enrollment. odd says what is wrong with one of them, "" if nothing
// is.
func keysOf(e *Enrollment) (keys []enrolledKey, odd string) {
	held := e.Attestation.SymmetricKey
	if held == nil {
		return nil, ""
	}
	for _, k := range []struct {
		which string
		text  dps.Secret
	}{{"primary", held.PrimaryKey}, {"secondary", held.SecondaryKey}} {
		if k.text.IsZero() {
			continue
		}
		key, err := dps.ParseKey(k.text)
		if err != nil {
			odd = "its " + k.which + " key cannot be read: " + err.Error()
			continue
		}
		keys = append(keys, enrolledKey{k.which, key, k.text})
	}
	return keys, odd
}

// keyMatch is how the device's key relates to those of an enrollment.
type keyMatch struct {
	result Result
	how    string
}

// matchKey compares the device's key with those of an enrollment.
func (c *comparison) matchKey(e *Enrollment) keyMatch {
	keys, odd := keysOf(e)
	if len(keys) == 0 {
		switch {
		case e.NoKeys != nil:
			return keyMatch{NotRead, c.because(*e.NoKeys)}
		case odd != "":
			return keyMatch{NotRead, odd}
		}
		return keyMatch{NotRead, "the enrollment shows no keys"}
	}
	if c.device.SignsWith == nil {
		return keyMatch{NotCompared, "the device's key was not given"}
	}
	for _, key := range keys {
		if m := c.matchOne(e, key); m.result != KeyOther {
			return m
		}
	}
	if odd != "" {
		return keyMatch{NotCompared, "it is not one of the keys that can be read, and " + odd}
	}
	return keyMatch{KeyOther, ""}
}

// matchOne compares the device's key with one key.
func (c *comparison) matchOne(e *Enrollment, key enrolledKey) keyMatch {
	signs, id := c.device.SignsWith, c.device.ID
	switch {
	case !e.Group:
		return c.matchIndividual(key)
	case signs(key.Derive(id)):
		return keyMatch{KeyDerived, "it is derived from the group's " + key.which + " key"}
	case signs(key.Key):
		return keyMatch{KeyOfGroupItself, "it is the group's own " + key.which + " key, where the one derived from it for " + strconv.Quote(id) + " is expected"}
	}
	for _, wrong := range misderived(e, key, id) {
		if signs(wrong.key) {
			return keyMatch{KeyMisderived, "it is derived from the " + key.which + " key, but " + wrong.how}
		}
	}
	return keyMatch{KeyOther, ""}
}

// matchIndividual compares the device's key with one of an individual enrollment.
func (c *comparison) matchIndividual(key enrolledKey) keyMatch {
	signs := c.device.SignsWith
	switch {
	case signs(key.Key) && key.which == "primary":
		return keyMatch{KeyPrimary, "it is the primary key"}
	case signs(key.Key):
		return keyMatch{KeySecondary, "it is the secondary key"}
	case signs(key.Derive(c.device.ID)), c.device.GivenGroupKey != nil && c.device.GivenGroupKey(key.Key):
		return keyMatch{KeyMisderived, "it is derived from the " + key.which + " key of an individual enrollment, which the device must use itself"}
	}
	return keyMatch{KeyOther, ""}
}

// misderivation is a key that a usual mistake makes.
type misderivation struct {
	key dps.Key
	how string
}

// misderived are the keys that usual mistakes make of a group's key.
func misderived(e *Enrollment, key enrolledKey, id string) []misderivation {
	var list []misderivation
	derive := func(text, how string) {
		if text != id {
			list = append(list, misderivation{key.Derive(text), how})
		}
	}
	derive(strings.ToLower(id), "of the registration id in lower case, while the device sends "+strconv.Quote(id))
	derive(strings.ToUpper(id), "of the registration id in upper case, while the device sends "+strconv.Quote(id))
	derive(id+"\n", "of the registration id and a line break")
	derive(id+"\r\n", "of the registration id and a line break")
	derive(id+" ", "of the registration id and a space")
	derive(`"`+id+`"`, "of the registration id in quotation marks")
	derive(e.Name, "of the name of the group")
	derive("", "of an empty text")
	list = append(list,
		misderivation{key.Derive(id).Derive(id), "twice: the key that was derived for the device was taken for that of the group"},
		misderivation{dps.NewKey([]byte(key.text.Reveal())).Derive(id), "with the base64 text of the group's key, which was not decoded"})
	return list
}

// chooseByKey finds the group from which the device's key is derived.
func (c *comparison) chooseByKey() {
	groups := c.groupsOf(service.AttestationSymmetricKey)
	var exact, nearly []*Enrollment
	unread := ""
	for _, g := range groups {
		switch m := c.matchKey(g); m.result {
		case KeyDerived:
			exact = append(exact, g)
		case KeyOfGroupItself, KeyMisderived:
			nearly = append(nearly, g)
		case NotRead, NotCompared:
			unread = "the keys of " + c.called(g) + " cannot be compared: " + m.how
		}
	}
	switch {
	case len(exact) > 0:
		c.take(exact)
	case len(nearly) > 0:
		c.take(nearly[:1])
	case unread != "":
		c.found, c.why = NotCompared, unread
	default:
		c.nowhere(len(groups), KeyOfNoGroup, "the device's key is derived from none of the groups with keys: "+c.names(groups))
	}
}

func (c *comparison) names(groups []*Enrollment) string {
	var list []string
	for _, g := range groups {
		list = append(list, g.Name)
	}
	return c.quotedList(list)
}

func (c *comparison) key() Check {
	if check, ok := c.attests(CheckKey, service.AttestationSymmetricKey); !ok {
		return check
	}
	switch m := c.matchKey(c.entry); m.result {
	case KeyPrimary, KeySecondary, KeyDerived:
		return passed(CheckKey, m.result, "%s", m.how)
	case NotRead, NotCompared:
		return skipped(CheckKey, m.result, "the device's key was not compared: %s", m.how)
	case KeyOther:
		if c.entry.Group {
			return failed(CheckKey, KeyOther, "the device's key is derived from neither key of %s", c.called(c.entry))
		}
		return failed(CheckKey, KeyOther, "the device's key is neither the primary nor the secondary key of %s", c.called(c.entry))
	default:
		return failed(CheckKey, m.result, "the device's key %s (%s)", strings.TrimPrefix(m.how, "it "), c.called(c.entry))
	}
}
