# [user@]host[:port]
terraform import lab_rke2_node.server root@10.0.0.11
