package logtext

import "bytes"

// foreignMarks are words that stand in the logs of common software which has nothing to do
// with provisioning. They matter in a text without a single line that has.
func foreignMarks() []string {
	return []string{
		// access logs of web servers
		`"GET /`, `"POST /`, `"PUT /`, `"HEAD /`, `"DELETE /`, `"PATCH /`, `"OPTIONS /`, `GET / `, "nginx", "apache2", "httpd[", "gunicorn", "uvicorn", "werkzeug", "haproxy", "traefik",
		"php-fpm", "PHP Fatal", "PHP Warning", "wordpress", "site-packages/flask", "site-packages/django", "Django", "org.springframework", "org.apache.catalina", "Tomcat", "express/lib",
		// databases and queues
		"PostgreSQL", "postgres", "database system", "pg_hba", "mysqld", "MySQL", "MariaDB", "mongod", "redis", "Redis", "ORA-", "SQLSTATE", "sqlite3", "kafka", "rabbitmq",
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

// lookAround notes whether a line is one of other software, and whether it names Azure.
func (r *reading) lookAround(line []byte) {
	r.azure = r.azure || indexFold(line, "azure") >= 0
	if r.foreign || r.azure {
		return
	}
	for _, mark := range foreignMarks() {
		if bytes.Contains(line, []byte(mark)) {
			r.foreign = true
			return
		}
	}
}

// forget leaves out everything that was found in a text that is about something else: common
// words and numbers in it, such as 401 or "connection reset", tell nothing of a device.
func (r *reading) forget() {
	if r.anchors > 0 || r.azure || !r.foreign {
		return
	}
	found := r.found
	found.Matches, found.Dropped, found.Unmatched = nil, nil, nil
	found.Bodies, found.Settings, found.Facts, found.IDs = nil, nil, nil, IDs{}
}
