package monitor

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"
)

// change is the operations of one kind within a minute, often the same one on many enrollments.
type change struct {
	first, last int64
	id          string
	count       int
	failed      int
}

type changeKey struct {
	instance        *instance // nil for a hub
	operation, kind string
	minute          int64
}

// maxChanges is the maximum number of changes that are kept.
const maxChanges = 20_000

// changeWindow is how long before a failure a change can be its reason.
const changeWindow = 6 * time.Hour

// addChange keeps an operation that changes something.
func (c *Collector) addChange(r *record) {
	if r.at == 0 || readsOnly(r) || len(c.changes) >= maxChanges {
		return
	}
	key, id := changeKey{r.instance, string(r.operation), string(r.kind), r.at / 60_000}, string(r.device)
	if r.aboutHub() && len(r.resource) > 0 {
		id = path.Base(strings.ToLower(string(r.resource)))
	}
	found, known := c.changes[key]
	if !known {
		found = &change{first: r.at, last: r.at, id: id}
		c.changes[key] = found
	}
	found.count++
	if r.failed() {
		found.failed++
	}
	if r.at < found.first {
		found.first, found.id = r.at, id
	}
	found.last = max(found.last, r.at)
}

// readsOnly reports whether an operation changes nothing. An operation of Azure Resource Manager is
// logged when it starts and when it ends.
func readsOnly(r *record) bool {
	operation := strings.ToLower(string(r.operation))
	if r.class == managementClass {
		return !strings.HasSuffix(operation, "/write") && !strings.HasSuffix(operation, "/delete") && !strings.HasSuffix(operation, "/action") ||
			strings.EqualFold(string(r.result), "Start") || strings.EqualFold(string(r.result), "Accept")
	}
	for _, reading := range []string{"get", "query", "list", "read"} {
		if strings.HasPrefix(operation, reading) {
			return true
		}
	}
	return false
}

// changesBefore are the changes in the hours before each cluster began, in order. Those that were all
// refused changed nothing.
func (c *Collector) changesBefore(clusters []Cluster) []Change {
	var list []Change
	for key, what := range c.changes {
		if what.failed == what.count {
			continue
		}
		name := ""
		if key.instance != nil {
			name = key.instance.name
		}
		cluster := followedBy(clusters, what.first, name)
		if cluster < 0 {
			continue
		}
		list = append(list, Change{
			Time: time.UnixMilli(what.first).UTC(), Operation: key.operation, Type: key.kind, ID: what.id, Count: what.count,
			Instance: name, Cluster: cluster,
		})
	}
	slices.SortFunc(list, func(a, b Change) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Operation, b.Operation), strings.Compare(a.Type, b.Type), strings.Compare(a.Instance, b.Instance), strings.Compare(a.ID, b.ID))
	})
	return joined(list)
}

// joined combines changes of one kind in successive minutes.
func joined(list []Change) []Change {
	var out []Change
	for _, change := range list {
		same := func(other Change) bool {
			return other.Operation == change.Operation && other.Type == change.Type && other.Instance == change.Instance && other.Cluster == change.Cluster &&
				change.Time.Sub(other.last) <= 2*time.Minute
		}
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].Count += change.Count
			out[i].last = change.Time
			continue
		}
		change.last = change.Time
		out = append(out, change)
	}
	return out
}

// followedBy is the first cluster that began within hours after a time, -1 if none did.
func followedBy(clusters []Cluster, at int64, instance string) int {
	best := -1
	for i := range clusters {
		k := &clusters[i]
		since := k.Since.UnixMilli()
		inTime := !k.Since.IsZero() && since >= at && since-at <= changeWindow.Milliseconds()
		if inTime && (instance == "" || slices.Contains(k.Instances, instance) || len(k.Instances) == 0) && (best < 0 || k.Since.Before(clusters[best].Since)) {
			best = i
		}
	}
	return best
}
