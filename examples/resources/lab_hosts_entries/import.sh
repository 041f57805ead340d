# [ssh://[user@]host[:port]]/path[#name]
terraform import lab_hosts_entries.workstation 'ssh://ops@10.34.124.20/etc/hosts#lab'
terraform import lab_hosts_entries.here '/etc/hosts#tracing'
