package logtext

import (
	"bytes"
	"unicode/utf8"
)

// foreignMarks are words in the logs of common software that has nothing to do with provisioning. They
// matter in a text without a single line that is about provisioning.
func foreignMarks() []string {
	return []string{
		// access logs of web servers
		`"GET /`, `"POST /`, `"PUT /`, `"HEAD /`, `"DELETE /`, `"PATCH /`, `"OPTIONS /`, `GET / `, "nginx", "apache2", "httpd[", "gunicorn", "uvicorn", "werkzeug", "haproxy", "traefik",
		"php-fpm", "PHP Fatal", "PHP Warning", "wordpress", "site-packages/flask", "site-packages/django", "Django", "org.springframework", "org.apache.catalina", "Tomcat", "express/lib",
		"com.zaxxer", "java.sql.", "dispatcherServlet", "org.hibernate", "javax.servlet",
		// databases and queues
		"PostgreSQL", "postgres", "database system", "pg_hba", "mysqld", "MySQL", "MariaDB", "mongod", "redis", "Redis", "Ready to accept connections", "ORA-", "SQLSTATE", "sqlite3", "kafka", "rabbitmq",
		"elasticsearch", "INSERT INTO", "SELECT ", "zookeeper", "cassandra",
		// the system
		"sshd", "pam_unix", "sudo:", "CRON[", "crond", "systemd[1]", "systemd-networkd", "kernel:", "postfix", "dovecot", "named[", "slapd", "smbd", "cupsd", "NetworkManager[",
		"wpa_supplicant", "rsyslogd", "logrotate", "fail2ban", "auditd",
		// packages, builds, containers
		"InRelease", "dpkg", "apt-get", "yum ", "npm warn", "npm error", "npm ERR!", "npm WARN", "jest", "pytest", "##[section]", "##[error]", "[INFO] BUILD", "Gradle", "maven",
		"kubelet", "kube-", "default-scheduler", "ErrImagePull", "CrashLoopBackOff", "containerd", "dockerd", "Jenkins", "remote: ", "fatal: unable to access", "github.com", "gitlab",
		"pip install", "pypi.org", "registry.npmjs.org", "Prometheus", "grafana", "amazonaws.com", "googleapis.com",
	}
}

// namesForeignHost reports whether a line has the address of a host that no device contacts on its way
// to a hub. Pages that error messages link to do not count.
func namesForeignHost(line []byte) bool {
	_, host, found := bytes.Cut(line, []byte("://"))
	if !found {
		return false
	}
	end := 0
	for end < len(host) && (isWordByte(host[end]) || host[end] == '-' || host[end] == '.') {
		end++
	}
	host = host[:end]
	dot := bytes.LastIndexByte(host, '.')
	if dot < 1 || dot == len(host)-1 || isDigit(host[len(host)-1]) {
		return false
	}
	for _, known := range [...]string{"microsoft.", "aka.ms", "curl.", "openssl.", "windows.", "ntp.", "contoso", "visualstudio."} {
		if bytes.Contains(host, []byte(known)) {
			return false
		}
	}
	return true
}

// answersForeignRequest reports whether a line has a request for a path that neither DPS, a hub, the
// services of a device nor a webhook for allocation has, and after it the status of an error, as in
// "GET /index.html 404 not found".
func answersForeignRequest(line []byte) bool {
	for _, method := range [...]string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		before, after, found := bytes.Cut(line, []byte(method+" /"))
		if !found || len(before) > 0 && isWordByte(before[len(before)-1]) {
			continue
		}
		path, rest, _ := bytes.Cut(after, []byte(" "))
		return !isProvisioningPath(path) && hasErrorStatus(rest)
	}
	return false
}

// isProvisioningPath reports whether a path, without its first slash, may be one in a device's logs or
// in those of its operator.
func isProvisioningPath(path []byte) bool {
	for _, part := range [...]string{
		"api-version", "regist", "enroll", "provision", "dps", "0ne", "iothub", "device", "module", "twin", "message", "identit", "alloc", "webhook",
		"cert", "key", "sign", "tpm", "trust-bundle", "systeminfo", "est/",
	} {
		if indexFold(path, part) >= 0 {
			return true
		}
	}
	return len(path) > 0 && bytes.Equal(bytes.Trim(path, "/"), []byte("api")) // of a webhook
}

// hasErrorStatus reports whether a text has a number from 400 to 599 that stands alone.
func hasErrorStatus(text []byte) bool {
	for word := range bytes.FieldsFuncSeq(text, func(c rune) bool { return c < utf8.RuneSelf && !isWordByte(byte(c)) }) {
		if len(word) == 3 && (word[0] == '4' || word[0] == '5') && isDigit(word[1]) && isDigit(word[2]) {
			return true
		}
	}
	return false
}

// NamesOtherServer reports whether a line is about a request to a server that is neither DPS nor a hub.
func NamesOtherServer(line string) bool { return namesOtherServer([]byte(line)) }

// namesOtherServer reports whether a line is about a request to a server that is neither DPS nor a hub:
// it has a URL of HTTP, and no name of the service.
func namesOtherServer(line []byte) bool {
	at := indexFold(line, "https://")
	if at < 0 {
		at = indexFold(line, "http://")
	}
	if at < 0 {
		return false
	}
	_, rest, _ := bytes.Cut(line[at:], []byte("://"))
	end := 0
	for end < len(rest) && (isWordByte(rest[end]) || rest[end] == '-' || rest[end] == '.') {
		end++
	}
	if bytes.IndexByte(rest[:end], '.') <= 0 || bytes.HasPrefix(rest, []byte("169.254.")) { // the metadata of a cloud
		return false
	}
	for _, own := range [...]string{"azure", "microsoft", "aka.ms", "dps", "hub", "provision", "proxy", "gateway", "edge", "registry", "image"} {
		if indexFold(line, own) >= 0 {
			return false
		}
	}
	return true
}

// lookAround notes whether a line is from other software, and whether it mentions Azure.
func (r *pass) lookAround(line []byte) {
	r.azure = r.azure || indexFold(line, "azure") >= 0
	if r.foreign || r.azure {
		return
	}
	if namesForeignHost(line) || answersForeignRequest(line) {
		r.foreign = true
		return
	}
	for _, mark := range foreignMarks() {
		if bytes.Contains(line, []byte(mark)) {
			r.foreign = true
			return
		}
	}
}

// forget discards everything that was found in a text that is about something else: common words and
// numbers in it, such as 401 or "connection reset", say nothing about a device.
func (r *pass) forget() {
	if r.anchors > 0 || r.azure || !r.foreign {
		return
	}
	found := r.found
	found.Matches, found.Dropped, found.Unmatched, found.Sample = nil, nil, nil, nil
	found.Bodies, found.Settings, found.Facts, found.IDs = nil, nil, nil, IDs{}
}
