# [user@]host[:port][/folder]
terraform import lab_node_tools.server root@10.0.0.11/usr/local/bin
